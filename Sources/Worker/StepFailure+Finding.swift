internal import LogReading
internal import Model
internal import PluginMessages

extension PackageBuild.StepFailure {
    /// What the output says about the failure; nil where it has only blank lines.
    func finding(by reader: LogReader) -> LogFinding? {
        let phase = LogPattern.Phase(rawValue: phase.rawValue)
        guard let section, isWholeOutput else {
            guard var finding = reader.read(Array(output.utf8), phase: phase) else { return nil }
            // What the client passed on is somewhere in what it printed.
            guard let place = section?.place(of: String(finding.message.prefix(200))) else {
                finding.line = 0
                return finding
            }
            (finding.line, finding.range) = place
            return finding
        }
        let (log, range) = section.printedRange()
        guard var finding = log.withUnsafeBytes({ reader.read($0, in: range, phase: phase) }) else { return nil }
        for (text, name) in replacements {
            finding.message = finding.message.replacing(text, with: name)
            finding.excerpt = finding.excerpt.replacing(text, with: name)
        }
        return finding
    }
}

extension CellResult.LoggedError {
    /// - Parameter finding: with the number 0 for a line that is not in the log.
    init(_ finding: LogFinding) {
        self.init(
            kind: finding.kind.rawValue, origin: finding.origin.rawValue, isWeak: finding.isWeak,
            failureClass: finding.failureClass, excerpt: finding.excerpt)
        pattern = finding.pattern
        guard finding.line > 0 else { return }
        line = finding.line
        offset = finding.range.lowerBound
        length = finding.range.count
    }
}

extension LogFinding {
    /// Whether a line says what is wrong with a package, so that another attempt would end the same way.
    var namesPackage: Bool { !isWeak && origin == .package && kind != .unknown }
}
