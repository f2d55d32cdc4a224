internal import LogReading
internal import Model
internal import PluginMessages

extension PackageBuild.StepFailure {
    /// The error found in the output; nil if it has only blank lines.
    func finding(by reader: LogReader) -> LogFinding? {
        let phase = LogPattern.Phase(rawValue: phase.rawValue)
        guard let section, isWholeOutput else {
            guard var finding = reader.read(Array(output.utf8), phase: phase) else { return nil }
            // Output that the client forwarded is somewhere within its own output.
            guard let location = section?.location(of: String(finding.message.prefix(200))) else {
                finding.line = 0
                return finding
            }
            (finding.line, finding.range) = location
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
    /// - Parameter finding: Its line number is 0 if the line is not in the log.
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
    /// Whether the line names an error in the package, so that another attempt would fail in the same way.
    var namesPackage: Bool { !isWeak && origin == .package && kind != .unknown }
}
