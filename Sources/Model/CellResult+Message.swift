internal import Core

extension CellResult {
    /// The subject of the commit that records this result, for people: the outcome of the cell, and the last verdict on
    /// the package if it differs.
    public var subject: String {
        var text = "\(cell.package) on \(cell.target) with \(cell.compiler): \(outcome.rawValue)"
        if let blockedBy {
            text += " by \(blockedBy)" + (isBlockedByInfrastructure ? Outcome.infrastructureWords : "")
        } else if let phase {
            text += " in \(phase.rawValue)"
        }
        if let previous, previous.outcome != outcome || previous.phase != phase {
            text += " (was \(previous.words)"
            text += previous.package == cell.package ? ")" : " with \(previous.package.version))"
        }
        return text
    }

    /// The trailers of that commit, for programs, in order.
    public var trailers: [(key: String, value: String)] {
        var all: [(String, String?)] = [
            ("Cell", cell.description), ("Job", job?.hex), ("Outcome", outcome.rawValue), ("Phase", phase?.rawValue),
            ("Change", change?.rawValue), ("Previous", previous?.trailer), ("Run", run.map(String.init)),
            ("Confirmation", confirmationWords), ("Signature", signature), ("Kind", error?.kind),
            ("Class", error?.failureClass), ("Weak", error?.isWeak == true ? "yes" : nil),
            ("Blocked-by", blockedBy?.description), ("Blocked-by-job", blockedByJob?.hex),
            ("Blocked-chain", blockedChain.map { $0.map(\.description).joined(separator: " ") }),
            ("Duration", duration.map { "\(($0 * 1000).rounded() / 1000)" }), ("Log", log?.hex),
        ]
        all += (failedAttempts ?? []).map { ("Failed-attempt", $0.reason) }
        all += (overwrites ?? []).map { ("Overwrites", "\($0.path) of \($0.owner)") }
        all += repositories.map { ("Repository", $0) }
        all += [("Plugin", plugin), ("Machine", machine)]
        return all.compactMap { key, value in value.map { (key, $0.onOneLine) } }
    }
}

extension String {
    /// This text with every run of white space replaced by one space, and with terminal control characters made
    /// visible.
    package var onOneLine: String {
        split(whereSeparator: \.isWhitespace).joined(separator: " ").displayableOnOneLine
    }
}
