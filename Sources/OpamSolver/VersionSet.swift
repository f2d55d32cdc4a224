internal import OpamFormat

/// The versions of one name: a union of increasing, non-empty, separate ranges of their numbers.
///
/// - SeeAlso: `docs/decisions/0023-version-ranges.md`
struct VersionSet: Sendable, Equatable {
    typealias PackageRange = Range<Universe.PackageID>

    private(set) var ranges: [PackageRange]

    init(_ ranges: [PackageRange]) {
        self.ranges = ranges.filter { !$0.isEmpty }
    }

    /// The versions among `all` that are in `relation` to a version equal to those of `equal`.
    init(_ relation: RelationalOperator, _ equal: PackageRange, of all: PackageRange) {
        let (before, after) = (all.lowerBound..<equal.lowerBound, equal.upperBound..<all.upperBound)
        switch relation {
        case .equal: self.init([equal])
        case .notEqual: self.init(equal.isEmpty ? [all] : [before, after])
        case .less: self.init([before])
        case .lessOrEqual: self.init([all.lowerBound..<equal.upperBound])
        case .greater: self.init([after])
        case .greaterOrEqual: self.init([equal.lowerBound..<all.upperBound])
        }
    }

    var isEmpty: Bool { ranges.isEmpty }

    func contains(_ package: Universe.PackageID) -> Bool { ranges.contains { $0.contains(package) } }

    func intersection(_ other: VersionSet) -> VersionSet {
        VersionSet(ranges.flatMap { range in other.ranges.map { range.clamped(to: $0) } })
    }

    func union(_ other: VersionSet) -> VersionSet {
        var joined: [PackageRange] = []
        for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return VersionSet(joined)
    }

    /// The elements of `all` that are not in the set.
    func complement(in all: PackageRange) -> VersionSet {
        var left: [PackageRange] = []
        var start = all.lowerBound
        for range in ranges {
            left.append(start..<range.lowerBound)
            start = range.upperBound
        }
        left.append(start..<all.upperBound)
        return VersionSet(left)
    }
}

extension Universe {
    /// The versions of `name` that a formula allows.
    func versionSet(of name: NameID, _ formula: VersionFormula) -> VersionSet {
        let all = versions(of: name)
        switch formula {
        case .atom(let constraint):
            return VersionSet(constraint.relation, bounds(of: constraint.version.text, in: all), of: all)
        case .all(let parts):
            return parts.reduce(VersionSet([all])) { $0.intersection(versionSet(of: name, $1)) }
        case .any(let parts):
            return parts.reduce(VersionSet([])) { $0.union(versionSet(of: name, $1)) }
        }
    }
}
