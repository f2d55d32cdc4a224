internal import Core
internal import Dispatch
internal import Foundation

/// Turns the first Ctrl-C (or TERM) into a call, and lets the second end the program.
final class InterruptWatch {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter note: what the user is told at the first; nil: nothing.
    init(
        note: String? = "stopping: what is recorded stays; once more to stop at once",
        _ interrupted: @escaping @Sendable () -> Void
    ) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                if let note { StandardError.print(note) }
                interrupted()
            }
            source.activate()
            return source
        }
    }

    /// Gives the signals back their usual meaning.
    func stop() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}
