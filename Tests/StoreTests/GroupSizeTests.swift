import Testing

@testable import Store

struct GroupSizeTests {
    /// As many as can arrive are waited for, and hardly ever more.
    @Test(arguments: [4, 5, 12, 40]) func theSizeBecomesWhatThereIs(most: Int) {
        var size = GroupSize()
        var inVain = 0
        for _ in 0..<1_000 {
            if size.wanted > most { inVain += 1 }
            size.note(min(most, size.wanted))
        }
        #expect(size.wanted >= min(most, 16) && size.wanted <= 16)
        #expect(inVain <= 16, "one wait in sixty-five")
    }

    @Test func theSizeGrowsAgain() {
        var size = GroupSize()
        size.note(4)
        size.note(5)
        #expect(size.wanted == 5)
        for _ in 0..<100 { size.note(size.wanted) }
        #expect(size.wanted > 5)
        for _ in 0..<100 { size.note(16) }
        #expect(size.wanted == 16)
        size.note(0)
        #expect(size.wanted == 4)
    }
}
