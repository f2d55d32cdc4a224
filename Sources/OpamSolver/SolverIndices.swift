/// A typed index into the solver's arrays: 32 bits wide, so that the arrays stay small.
public protocol SolverIndex: Hashable, Comparable, Strideable, Sendable where Stride == Int {
    var rawValue: Int32 { get }
    init(rawValue: Int32)
}

extension SolverIndex {
    @inline(__always)
    public init(_ index: Int) {
        self.init(rawValue: Int32(truncatingIfNeeded: index))
    }

    /// The position in an array.
    @inline(__always)
    public var index: Int { Int(rawValue) }

    /// The value that represents no element.
    @inline(__always)
    static var none: Self { Self(rawValue: -1) }

    @inline(__always)
    var isNone: Bool { rawValue < 0 }

    /// The first `count` indices.
    static func first(_ count: Int) -> Range<Self> { Self(0)..<Self(count) }

    @inline(__always)
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The number of indices from this one to `other`.
    @inline(__always)
    public func distance(to other: Self) -> Int { other.index - index }

    /// The index `count` positions further.
    @inline(__always)
    public func advanced(by count: Int) -> Self { Self(index + count) }
}

/// A variable of the search: the name of a package, or a choice between alternatives. It takes at most one candidate.
///
/// Names come first: the slots below `Universe.nameCount` are the names of the universe.
public struct Slot: SolverIndex {
    /// The position in the tables of the compiled problem.
    public let rawValue: Int32

    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// A value of a slot: a version of a package, or one alternative of a choice.
///
/// Versions come first: the candidates below `Universe.packageCount` are the packages of the universe.
public struct Candidate: SolverIndex {
    public let rawValue: Int32

    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }
}
