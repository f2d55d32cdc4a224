internal import Core
internal import Documents
internal import Engine
internal import Foundation
internal import Worker

/// Shows a run on standard error: on a terminal a few lines that are drawn anew, elsewhere a line for each ending.
actor ProgressDisplay {
    private struct Running {
        let title: String
        let began: ContinuousClock.Instant
        var step: String
    }

    private let quiet: Bool
    private let verbose: Bool
    private let live: Bool
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    private var total = 0
    private var done = 0
    private var ended = 0
    private var bad = 0
    private var running: [Digest: Running] = [:]
    private var linesDrawn = 0
    private var lastDrawn: ContinuousClock.Instant?
    private var ticker: Task<Void, Never>?

    /// Redraws are this far apart at least.
    private static let pause = Duration.milliseconds(100)
    /// Running jobs that are shown at once.
    private static let shown = 8

    init(_ talk: TalkOptions) {
        quiet = talk.quiet
        verbose = talk.verbose
        live = Terminal.talksToTerminal && !talk.quiet
        began = clock.now
    }

    /// Says, on a terminal, what is about to be run.
    func greet(_ plan: Plan) {
        guard live else { return }
        let targets = Set(plan.targets.map(\.name)).sorted().joined(separator: ", ")
        write("ciso \(ProgramVersion.current): deployment \(plan.deployment) on \(targets)\n")
    }

    /// Takes in what the run says.
    func show(_ event: RunEvent) {
        guard !quiet else { return }
        switch event {
        case .planned(let cells, let jobs, let done):
            total = jobs
            say("\(count(cells, "cell")), \(count(jobs, "job")) to run, \(done) done before")
            if live { startTicking() }
        case .started(let id, let job, let target, let attempt):
            let again = attempt > 1 ? " (attempt \(attempt))" : ""
            running[id] = Running(title: title(of: job, on: target) + again, began: clock.now, step: "start")
        case .step(let id, let step):
            running[id]?.step = step.description
            if verbose, let title = running[id]?.title { say("\(title): \(step)") }
        case .ended(let id, let job, let target, let ending):
            running[id] = nil
            ended += 1
            if ending.outcome != .success { bad += 1 }
            say("[\(ended)/\(total)] \(title(of: job, on: target)): \(sentence(for: ending))")
        case .recorded:
            done += 1
        case .retrying(let id, let job, let reason):
            running[id] = nil
            say("will run \(job.package) again: \(reason)")
        }
        draw(force: false)
    }

    /// Clears the live lines; nothing is drawn after it.
    func finish() {
        ticker?.cancel()
        clear()
    }

    private func startTicking() {
        guard ticker == nil else { return }
        ticker = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await self?.draw(force: true)
            }
        }
    }

    private func title(of job: Job, on target: String) -> String {
        "\(target)/\(job.compiler)/\(job.package)" + (job.kind == .test ? " (test)" : "")
    }

    private func sentence(for ending: JobEnding) -> String {
        var text = ending.outcome.rawValue
        if let phase = ending.phase { text += " in \(phase.rawValue)" }
        text += ", \(seconds(ending.duration))"
        if let reason = ending.reason { text += ": \(reason)" }
        return text
    }

    private func say(_ line: String) {
        clear()
        write(line + "\n")
    }

    private func draw(force: Bool) {
        guard live, total > 0 else { return }
        let now = clock.now
        if !force, let lastDrawn, now - lastDrawn < Self.pause { return }
        lastDrawn = now
        clear()
        var lines = running.values.sorted { ($0.began, $0.title) < ($1.began, $1.title) }.prefix(Self.shown).map {
            "  \(seconds(($0.began.duration(to: now)).inSeconds).padded(to: 8)) \($0.title): \($0.step)"
        }
        if running.count > Self.shown { lines.append("           and \(running.count - Self.shown) more") }
        lines.append(summary(at: now))
        let width = max(20, Terminal.columns - 1)
        write(lines.map { String($0.displayableOnOneLine.prefix(width)) }.joined(separator: "\n") + "\n")
        linesDrawn = lines.count
    }

    private func summary(at now: ContinuousClock.Instant) -> String {
        let spent = began.duration(to: now).inSeconds
        var text = "\(ended)/\(total) jobs, \(running.count) running"
        if bad > 0 { text += ", \(bad) not good" }
        text += ", \(seconds(spent)) so far"
        if ended > 0, ended < total {
            text += ", about \(seconds(spent / Double(ended) * Double(total - ended))) left"
        }
        return text
    }

    private func clear() {
        guard linesDrawn > 0 else { return }
        StandardError.write(control: "\u{1B}[\(linesDrawn)A\u{1B}[J")
        linesDrawn = 0
    }

    private func write(_ text: String) {
        StandardError.write(text)
    }
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
func seconds(_ value: Double) -> String {
    let whole = Int(value.rounded())
    switch value {
    case ..<9.95: return String(format: "%.1f s", value)
    case ..<120: return "\(whole) s"
    case ..<7200: return String(format: "%d min %02d s", whole / 60, whole % 60)
    default: return String(format: "%d h %02d min", whole / 3600, whole / 60 % 60)
    }
}

extension Duration {
    /// This duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

extension String {
    /// This text with spaces before it, `width` letters long at least.
    func padded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
