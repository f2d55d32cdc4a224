internal import Core
internal import Foundation
internal import Logging

/// Writes log messages as lines on standard error: `TIME LEVEL LABEL: MESSAGE KEY=VALUE …`.
///
/// Control characters are made visible, as in everything written to standard error.
struct StandardErrorLog: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = Date().ISO8601Format(.init(includingFractionalSeconds: true))
        let values = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            .map { " \($0.key.replacing(" ", with: "-"))=\(Self.quoted("\($0.value)"))" }.joined()
        StandardError.print("\(time) \(event.level) \(label): \(event.message)\(values)".displayableOnOneLine)
    }

    /// The value as one word: in double quotes if it contains spaces or quotes.
    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "=" }) else {
            return value
        }
        return "\"\(value.replacing("\"", with: "\\\""))\""
    }
}
