package import PluginMessages

/// A dialogue with the console of a machine: text in, replies out. Pure: clocks and sockets belong to the caller.
///
/// The result depends only on the bytes, not on the pieces in which they arrive.
package struct Dialogue: Sendable {
    /// The reaction to a text on the console.
    package enum Event: Hashable, Sendable {
        /// The console awaits this text; it may be empty.
        case reply(String)
        /// The installation has failed: one of the failure texts appeared.
        case failed(String)
        /// A question was repeated too often.
        case repeated(String)
        /// The last step is done.
        case finished
    }

    /// The number of the current step, from 0; that of the steps when the dialogue is finished.
    package private(set) var step = 0
    /// The steps, in order.
    package let steps: [DialogueStep]
    private let failures: [Text]
    private let replies: [[Text]]
    /// The end of the output since the last text of a step, at least `longestText` bytes if there are as many.
    private var window: [UInt8] = []
    /// The length in bytes of the longest text to match.
    private let longestText: Int
    private var repetitions = 0
    private var text = ConsoleText()
    private var isOver = false
    private static let repetitionLimit = 100

    private struct Text: Sendable {
        let bytes: [UInt8]
        let last: UInt8?

        init(_ text: String) {
            bytes = Array(text.utf8)
            last = bytes.last
        }

        func ends(_ window: [UInt8]) -> Bool {
            last == window.last && window.count >= bytes.count && window.suffix(bytes.count).elementsEqual(bytes)
        }
    }

    package init(_ boot: InstallerBoot) {
        steps = boot.dialogue
        failures = boot.failures.map(Text.init)
        replies = boot.dialogue.map { $0.replies.map { Text($0.text) } }
        longestText = (failures + replies.joined()).map(\.bytes.count).max() ?? 0
    }

    /// Whether the last step is done.
    package var isFinished: Bool { step == steps.count }

    /// The texts of the current step.
    package var awaited: [String] { isFinished ? [] : steps[step].replies.map(\.text) }

    /// Processes the next bytes of the console.
    ///
    /// - Returns: the reactions, in order. Failures are also detected after the last step.
    package mutating func receive(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes where !isOver {
            guard let shown = text.show(byte) else { continue }
            if window.count >= 2 * longestText { window.removeFirst(window.count - longestText + 1) }
            window.append(shown)
            if let event = match() { events.append(event) }
            if case .reply = events.last, step == steps.count, !isOver, !hasFinished {
                hasFinished = true
                events.append(.finished)
            }
        }
        return events
    }

    private var hasFinished = false

    private mutating func match() -> Event? {
        if let failure = failures.first(where: { $0.ends(window) }) {
            isOver = true
            return .failed(String(decoding: failure.bytes, as: UTF8.self))
        }
        guard step < steps.count, let index = replies[step].firstIndex(where: { $0.ends(window) }) else { return nil }
        let reply = steps[step].replies[index]
        window.removeAll(keepingCapacity: true)
        if reply.repeats {
            repetitions += 1
            guard repetitions <= Self.repetitionLimit else {
                isOver = true
                return .repeated(reply.text)
            }
        } else {
            step += 1
            repetitions = 0
        }
        return .reply(reply.send)
    }
}
