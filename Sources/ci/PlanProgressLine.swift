internal import Core
internal import Dispatch
internal import Foundation
internal import Planner
internal import Synchronization

/// A progress line on the terminal for planning that takes longer than half a second.
final class PlanProgressLine: Sendable {
    private struct State {
        var progress: PlanProgress?
        var phaseBegan = ContinuousClock.now
        var isDrawn = false
        var isOver = false
    }

    private let began = ContinuousClock.now
    private let state = Mutex(State())
    /// Redraws on a dispatch queue, because planning keeps all threads of the cooperative pool busy. Dispatch sources
    /// are thread-safe.
    private nonisolated(unsafe) let timer: (any DispatchSourceTimer)?

    /// The delay in milliseconds before the first drawing; later redraws happen ten times per second.
    private static let delay = 500
    private static let pause = 100

    init(quiet: Bool) {
        timer =
            Terminal.stderrIsTerminal && !Terminal.hasTrace && !quiet
            ? DispatchSource.makeTimerSource(queue: DispatchQueue(label: "progress")) : nil
        timer?.schedule(
            deadline: .now() + .milliseconds(Self.delay), repeating: .milliseconds(Self.pause))
        timer?.setEventHandler { [weak self] in self?.draw() }
        timer?.activate()
    }

    /// Updates the progress. May be called from any thread.
    func show(_ progress: PlanProgress) {
        guard timer != nil else { return }
        state.withLock { state in
            if state.progress?.phase != progress.phase { state.phaseBegan = .now }
            state.progress = progress
        }
    }

    /// Removes the line for good.
    func clear() {
        timer?.cancel()
        state.withLock { state in
            state.isOver = true
            if state.isDrawn { write("") }
        }
    }

    private func draw() {
        state.withLock { state in
            guard let progress = state.progress, !state.isOver else { return }
            state.isDrawn = true
            write(line(progress, since: .now - state.phaseBegan))
        }
    }

    private func line(_ progress: PlanProgress, since elapsed: Duration) -> String {
        guard progress.total > 0 else { return "\(progress.phase.rawValue) …" }
        var text = "\(progress.phase.rawValue) \(progress.done)/\(progress.total)"
        if progress.done > 0, progress.done < progress.total {
            let rest = elapsed * (Double(progress.total - progress.done) / Double(progress.done))
            text += ", \(max(1, rest.components.seconds)) s left"
        }
        return text
    }

    private func write(_ text: String) {
        StandardError.write(control: "\r\u{1B}[K\(text.displayableOnOneLine.prefix(Terminal.columns - 1))")
    }
}
