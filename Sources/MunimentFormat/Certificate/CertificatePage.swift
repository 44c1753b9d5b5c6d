// How a certificate looks in a browser and on paper: one page, self-contained, nothing fetched, no script that runs.

enum CertificatePage {
    static let title = "Certificate of destruction"
    static let note =
        "What follows is the same for a machine, with the proofs. To check all of it: muniment verify FILE --key VKEY"
    /// What stands right before the JSON.
    static let mark = "<script type=\"application/json\" id=\"certificate\">\n"
    static let tail = "</script>\n</body>\n</html>\n"
    /// How every page begins.
    static let start =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>\(title)</title>\n"

    /// Sizes of type in tenths of a point: the largest at which everything stands on one sheet is taken.
    private static let sizes = [105, 95, 85, 75, 65, 55, 45]

    /// The size for these lines. What a sheet holds is measured with a wide typeface: 65 characters of 10.5 points beside the labels, lines 1.45 as
    /// high as the type, 0.87 more for each row, and 215 mm for all.
    private static func size(for lines: [CertificateDocument.Line]) -> Int {
        let fitting = sizes.first { size in
            let lineLength = 65 * sizes[0] / size
            let height = lines.reduce(0) { sum, line in
                let count = (line.value.unicodeScalars.count + lineLength - 1) / lineLength
                return sum + size * (145 * max(1, count) + 87)
            }
            return height <= 609_000
        }
        return fitting ?? sizes[sizes.count - 1]
    }

    private static func style(size: Int) -> String {
        """
        @page { size: A4; margin: 18mm }
        body { font: \(size / 10).\(size % 10)pt/1.45 Georgia, "Times New Roman", serif; color: #1a1a1a; max-width: 174mm; margin: 12mm auto; padding: 0 6mm }
        h1 { font-size: 19pt; font-weight: normal; letter-spacing: .02em; border-bottom: 2px solid #1a1a1a; padding-bottom: 3mm; margin: 0 0 5mm }
        dl { display: grid; grid-template-columns: 34mm 1fr; margin: 0 }
        dt, dd { margin: 0; padding: .43em 0; border-bottom: 1px solid #d8d4cc }
        dt { font-variant: small-caps; color: #555 }
        dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
        p { font-size: .86em; color: #555; margin: 5mm 0 0 }
        @media print { body { margin: 0; padding: 0 } }
        """
    }

    /// Everything before the JSON.
    static func head(_ document: CertificateDocument) -> String {
        var page = start
        page +=
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        page +=
            "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n\(style(size: size(for: document.lines)))\n</style>\n</head>\n<body>\n"
        page += "<h1>\(title)</h1>\n<dl>\n"
        for line in document.lines {
            page += "<dt>\(escaped(line.label))</dt><dd>\(escaped(line.value))</dd>\n"
        }
        page += "</dl>\n"
        page +=
            "<p>This page holds the proofs of what it says: the records of the log, each with its proof against the signed checkpoint. "
        page += "To check all of it: muniment verify FILE --key VKEY</p>\n"
        return page + mark
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
