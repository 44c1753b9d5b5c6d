// Scalars that must not reach a terminal, nor the eye of a reader, as they are: they move the cursor, switch the
// direction of text, or show nothing at all, and so can make one record look like another.

enum HazardousScalars {
    /// Whether `scalar` is a control character (C0, DEL, C1), a mark of direction, invisible, or a separator of lines.
    @inline(__always)
    static func contains(_ scalar: UInt32) -> Bool {
        if scalar < 0x20 || (0x7F...0x9F).contains(scalar) { return true }
        if scalar < 0xAD { return false }
        return isFormatting(scalar)
    }

    private static func isFormatting(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F: true  // Invisible.
        case 0x200B...0x200F: true  // Zero width, and marks of direction.
        case 0x2028...0x202E: true  // Line and paragraph separator, embedding and override of direction.
        case 0x2060...0x206F: true  // Zero width, isolates of direction, deprecated format characters.
        case 0x3164, 0xFEFF, 0xFFA0, 0xFFF0...0xFFFB: true  // Fillers, zero-width no-break space, annotations.
        case 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE0FFF: true  // Shorthand and music controls, tags.
        default: false
        }
    }
}
