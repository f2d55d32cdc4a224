internal import Foundation
internal import Planner
internal import Synchronization

/// One line on the terminal that says how far planning has come, when that lasts longer than half a second.
final class PlanProgressLine: Sendable {
    private struct State {
        var phase: PlanProgress.Phase?
        var phaseBegan: ContinuousClock.Instant
        var drawn: ContinuousClock.Instant?
    }

    private let isLive: Bool
    private let began = ContinuousClock.now
    private let state: Mutex<State>

    /// Nothing is drawn before this, and then not more often than ten times a second.
    private static let patience = Duration.milliseconds(500)
    private static let pause = Duration.milliseconds(100)

    init(quiet: Bool) {
        isLive = Terminal.talksToTerminal && !quiet
        state = Mutex(State(phaseBegan: .now))
    }

    /// Takes in how far it is; called from any thread.
    func show(_ progress: PlanProgress) {
        guard isLive else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if state.phase != progress.phase {
                state.phase = progress.phase
                state.phaseBegan = now
            }
            guard now - began > Self.patience, state.drawn.map({ now - $0 > Self.pause }) ?? true else { return }
            state.drawn = now
            draw(line(progress, since: now - state.phaseBegan))
        }
    }

    /// Takes the line away.
    func clear() {
        guard isLive else { return }
        state.withLock { state in
            if state.drawn != nil { draw("") }
            state.drawn = nil
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

    private func draw(_ text: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text.prefix(Terminal.columns - 1))".utf8))
    }
}
