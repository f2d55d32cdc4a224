internal import ArgumentParser
internal import Core
internal import Glibc
internal import LogReading
internal import PluginHost
internal import PluginMessages
internal import Review
internal import System

struct ClassifyCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Classify a log: print the line with the error, its kind and its signature.",
        discussion: """
            Reads FILE, or standard input if it is absent or '-'. If no line names a cause, prints the last line, marked as \
            weak. Of a log written by ciso, reads the last failed step.
            """)

    @OptionGroup var trace: LogOption
    @Option(Settings.pluginPath)
    var pluginPath: String?

    @Option(help: "Also use the patterns of this target's plugin, for example debian-12.")
    var target: String?

    @Option(help: "The phase that printed the log: fetch, depext, configure, build, test or install.")
    var phase: String?

    @Option(help: "text or json.")
    var format: DocumentFormat = .json

    @Argument(help: "The log; '-' for standard input.", completion: .file())
    var file: String?

    func run() async throws {
        let phase = try chosenPhase()
        let reader = try await reader()
        let read = try withContents { reader.read(jobLog: $0, phase: phase) }
        let answer = ClassifiedLog(read.finding, phase: read.phase)
        switch format {
        case .json: try printJSON(answer)
        case .text: StandardOutput.write(answer.text)
        }
    }

    private func chosenPhase() throws -> LogPattern.Phase? {
        guard let phase else { return nil }
        guard let known = LogPattern.Phase(rawValue: phase) else {
            let words = LogPattern.Phase.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.input, "--phase: '\(phase)' is not a phase", hint: "expected one of \(words)")
        }
        return known
    }

    private func reader() async throws -> LogReader {
        guard let target else { return .common }
        let path = try PluginSearchPath.configured(try .current(), flag: pluginPath)
        let (plugin, request) = try await PluginCatalog(path).plugin(serving: target)
        // Throws if the plugin does not know the release.
        _ = try await plugin.target(request)
        return LogReader(try await plugin.patterns())
    }

    private func withContents<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws -> Result {
        let isInput = file == nil || file == "-"
        let path = isInput ? "standard input" : file ?? ""
        do {
            // The input is the rest of a file that another command may have begun to read.
            let log =
                try isInput
                ? OpenFile<SystemError>(adopting: dup(STDIN_FILENO), path) : OpenFile<SystemError>(path, O_RDONLY)
            if let result = log.withMapping(body) { return result }
            return try log.readToEnd().withUnsafeBytes(body)
        } catch {
            throw Failure(
                .input, "\(path): the log cannot be read",
                hint: "name a file that exists, or '-' for standard input")
        }
    }
}

/// The output of `ci classify`.
struct ClassifiedLog: Encodable {
    var line: Int
    var kind: String
    var origin: String
    var weak: Bool
    var signature: String
    var excerpt: String
    var message: String
    var failureClass: String
    var pattern: String?
    var phase: String?
    var offset: Int
    var length: Int

    enum CodingKeys: String, CodingKey {
        case line, kind, origin, weak, signature, excerpt, message, pattern, phase, offset, length
        case failureClass = "class"
    }

    /// - Parameter finding: Nil for a log of blank lines; the line number is then 0.
    init(_ finding: LogFinding?, phase: LogPattern.Phase?) {
        let finding =
            finding
            ?? LogFinding(
                line: 0, range: 0..<0, message: "", excerpt: "", kind: .unknown, origin: .package, isWeak: true,
                signature: "", failureClass: "unknown")
        line = finding.line
        kind = finding.kind.rawValue
        origin = finding.origin.rawValue
        weak = finding.isWeak
        signature = finding.signature
        excerpt = finding.excerpt
        message = finding.message
        failureClass = finding.failureClass
        pattern = finding.pattern
        self.phase = finding.phase?.rawValue ?? phase?.rawValue
        offset = finding.range.lowerBound
        length = finding.range.count
    }

    /// The output in the text format.
    var text: String {
        let blame =
            weak ? "no line names a cause" : "\(kind), \(origin == "package" ? "the package" : "infrastructure")"
        return """
            line \(line): \(message)
            \(blame)\(phase.map { ", phase \($0)" } ?? "")
            signature: \(signature)
            class: \(failureClass)
            pattern: \(pattern ?? "none"), bytes \(offset) to \(offset + length)

            """
    }
}
