/// How the result of a cell compares with the last verdict on any version of the same package in the same column. These
/// are the legal values of the trailer `Change:`.
///
/// - SeeAlso: `docs/decisions/0206-superseded-versions.md`
public enum ResultChange: String, Codable, Sendable, CaseIterable {
    /// The column has no earlier verdict on the package.
    case new
    /// The package was good, and now fails, is blocked or has no solution.
    case broken
    /// The package was not good and now succeeds.
    case fixed
    /// The package was not good and still is not.
    case stillFailing = "still-failing"
    /// The package was good and still is.
    case stillGood = "still-good"
    /// The job failed, and succeeded when it was repeated to confirm the failure: the result is not deterministic.
    case flaky
    /// The result is not a verdict on the package: the infrastructure failed, for this job or for one that blocks it,
    /// or the cell was cancelled.
    case undecided

    /// The change from one verdict to a result.
    ///
    /// - Parameters:
    ///   - before: The outcome of the last verdict; nil if there is none.
    ///   - after: The outcome of the result.
    public init(from before: Outcome?, to after: Outcome) {
        guard after.isVerdict else {
            self = .undecided
            return
        }
        switch (before.map { $0 == .success }, after == .success) {
        case (nil, _): self = .new
        case (true?, true): self = .stillGood
        case (true?, false): self = .broken
        case (false?, true): self = .fixed
        case (false?, false): self = .stillFailing
        }
    }
}

/// The last verdict on a package in a column before a result was recorded.
///
/// - SeeAlso: `docs/decisions/0326-last-build.md`
public struct PreviousVerdict: Codable, Hashable, Sendable {
    /// The package version of the verdict.
    public var package: PackageVersion
    /// The outcome; always a verdict on the package, never an infrastructure failure or a cancellation.
    public var outcome: Outcome
    /// The phase that failed; nil if none did.
    public var phase: Phase?
    /// The signature of the failure; nil if it has none.
    public var signature: String?
    /// The number of the run that recorded the verdict; nil if no run did.
    public var run: Int?

    public init(
        package: PackageVersion, outcome: Outcome, phase: Phase? = nil, signature: String? = nil, run: Int? = nil
    ) {
        self.package = package
        self.outcome = outcome
        self.phase = phase
        self.signature = signature
        self.run = run
    }
}

extension PreviousVerdict {
    /// The value of the trailer `Previous:`: `fmt.0.9.0 failure in build run 11`; the phase and the run may be absent.
    public var trailer: String {
        "\(package) \(words)" + (run.map { " run \($0)" } ?? "")
    }

    /// The verdict in a few words: `failure in build`.
    package var words: String { outcome.rawValue + (phase.map { " in \($0.rawValue)" } ?? "") }

    /// Parses the value of the trailer `Previous:`; nil for anything else. The trailer does not contain the signature.
    public init?(trailer: some StringProtocol) {
        var words = trailer.split(separator: " ")[...]
        guard let package = words.popFirst().flatMap({ PackageVersion($0) }),
            let outcome = words.popFirst().flatMap({ Outcome(rawValue: String($0)) })
        else { return nil }
        self.init(package: package, outcome: outcome)
        while let key = words.popFirst() {
            guard let value = words.popFirst() else { return nil }
            switch key {
            case "in": phase = Phase(rawValue: String(value))
            case "run": run = Int(value)
            default: return nil
            }
        }
    }
}

extension CellResult {
    /// The last verdict on the package as of this result: the result itself, or the previous verdict if this result is
    /// none.
    package var lastVerdict: PreviousVerdict? { isVerdict ? verdict : previous }

    /// The last success or failure of the package as of this result. Unlike `lastVerdict`, it is of the package's own
    /// commands, so it is not lost while the cell is blocked or unsolvable.
    package var lastBuild: PreviousVerdict? { isVerdictOnJob ? verdict : buildBefore }

    /// The last success or failure of the package before this result; nil if there is none.
    package var buildBefore: PreviousVerdict? {
        built ?? previous.flatMap { $0.outcome.isVerdictOnJob ? $0 : nil }
    }

    private var verdict: PreviousVerdict {
        PreviousVerdict(package: cell.package, outcome: outcome, phase: phase, signature: signature, run: run)
    }

    /// Records how this result compares with the last verdict on the package.
    ///
    /// - Parameter build: The last success or failure of the package.
    package mutating func compare(with last: PreviousVerdict?, build: PreviousVerdict?) {
        previous = last
        built = build == last ? nil : build
        change =
            isFlaky ? .flaky : isBlockedByInfrastructure ? .undecided : ResultChange(from: last?.outcome, to: outcome)
    }
}
