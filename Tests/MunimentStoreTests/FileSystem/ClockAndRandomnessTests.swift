import Testing

@testable import MunimentStore

@Suite("Clocks and randomness")
struct ClockAndRandomnessTests {
    @Test("give the stream of xoshiro256** for a seed, as another implementation computed it")
    func seeded() {
        var zero = SeededGenerator(seed: 0)
        #expect(
            (0..<3).map { _ in zero.next() } == [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0])
        var other = SeededGenerator(seed: 42)
        #expect(other.next() == 0x1578_0B2E_0C2E_C716)
        // Little-endian, and a part of a word at the end.
        #expect(SeededRandom(seed: 0).bytes(count: 10) == [0xB4, 0xF2, 0x75, 0xCB, 0x36, 0x5F, 0xEC, 0x99, 0x2A, 0x45])
        #expect(SeededRandom(seed: 0).bytes(count: 0) == [])
    }

    @Test("fill whole buffers from the kernel, never the same twice")
    func system() {
        let samples = (0..<4).map { _ in SystemRandom().bytes(count: 37) }
        #expect(Set(samples).count == 4)
        // Each byte differs somewhere among 200 samples, or it was not filled: a false alarm once in 2^1592.
        let many = (0..<200).map { _ in SystemRandom().bytes(count: 13) }
        for position in 0..<13 { #expect(Set(many.map { $0[position] }).count > 1) }
    }

    @Test("run forwards by the machine, and stand still by hand")
    func clocks() {
        let clock = SystemClock()
        let before = clock.bootMicroseconds()
        #expect(before > 0)
        #expect(clock.bootMicroseconds() >= before)
        // 2025 to 2200: a machine outside has a broken clock, or the units are wrong here.
        #expect((1_735_689_600_000_000..<7_258_118_400_000_000).contains(clock.microsecondsSinceEpoch()))

        let manual = ManualClock(microsecondsSinceEpoch: 100, bootMicroseconds: 7)
        manual.advance(microseconds: 5)
        #expect(manual.microsecondsSinceEpoch() == 105)
        #expect(manual.bootMicroseconds() == 12)
        manual.set(microsecondsSinceEpoch: 3)
        manual.reboot()
        #expect(manual.microsecondsSinceEpoch() == 3)
        #expect(manual.bootMicroseconds() == 0)
    }

    @Test("find aligned memory zeroed")
    func alignedBuffers() {
        for (asked, given) in [(0, 0), (1, 4096), (4096, 4096), (4097, 8192)] {
            let buffer = AlignedBuffer(byteCount: asked)
            #expect(buffer.byteCount == given)
            #expect(UInt(bitPattern: buffer.bytes.baseAddress) % 4096 == 0)
            #expect(buffer.bytes.allSatisfy { $0 == 0 })
        }
    }
}
