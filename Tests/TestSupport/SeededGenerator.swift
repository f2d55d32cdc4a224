internal import Foundation

/// Reproducible random numbers from a seed (SplitMix64: Steele, Lea and Flood, Fast Splittable Pseudorandom Number
/// Generators, 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// Uses the seed in `CISO_TEST_SEED`, otherwise a random one; prints it.
    package init(printingSeedOf test: String = #function) {
        let given = ProcessInfo.processInfo.environment["CISO_TEST_SEED"].flatMap(UInt64.init)
        self.init(seed: given ?? .random(in: .min ... .max))
        print("\(test): CISO_TEST_SEED=\(seed) repeats it")
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
