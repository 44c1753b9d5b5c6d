// The libFuzzer executable. MUNIMENT_FUZZ_TARGET names what it runs; with MUNIMENT_FUZZ_SAMPLES, a directory, it writes every target's
// samples there, a subdirectory each, prints the targets' names, and ends. run.sh uses both.

import Foundation
import FuzzTargets

/// The command line in C's form.
public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

/// The entry point that the package manager's link command names. It hands over to libFuzzer at once.
@_cdecl("FuzzRunner_main")
public func fuzzRunnerMain(_ argumentCount: CInt, _ arguments: Arguments) -> CInt {
    var (argumentCount, arguments): (CInt, Arguments) = (argumentCount, arguments)
    return runDriver(&argumentCount, &arguments, fuzzerTestOneInput)
}

@_extern(c, "LLVMFuzzerRunDriver")
func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Called once, before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzerInitialize(
    _ argumentCount: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutablePointer<Arguments>?
) -> CInt {
    do {
        if let directory = ProcessInfo.processInfo.environment["MUNIMENT_FUZZ_SAMPLES"] {
            try writeSamples(to: URL(filePath: directory))
            exit(0)
        }
    } catch {
        complain("the samples can't be written: \(error)")
    }
    guard chosen != nil else { complain("MUNIMENT_FUZZ_TARGET names no target") }
    return 0
}

/// Called with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        // Where there are no bytes, there may be no address either.
        if count == 0 { try chosen?.run(UnsafeRawBufferPointer(start: nil, count: 0)) }
        try chosen?.run(UnsafeRawBufferPointer(start: bytes, count: count))
    } catch {
        fatalError("\(chosen?.name ?? ""): \(error)")
    }
    return 0
}

private let chosen = ProcessInfo.processInfo.environment["MUNIMENT_FUZZ_TARGET"].flatMap(FuzzTarget.named)

private func writeSamples(to directory: URL) throws {
    for target in FuzzTarget.all {
        let folder = directory.appending(path: target.name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (number, sample) in try target.samples(.ofPackage).enumerated() {
            try Data(sample).write(to: folder.appending(path: "sample-\(number)"))
        }
        print(target.name)
    }
}
