internal import Core
internal import Engine
internal import Foundation
internal import Hub
internal import Model
internal import RunnerInterface

/// Shows the progress of a run on standard error: on a terminal as a few lines that are redrawn, elsewhere as a line
/// for each finished job and, after half a minute of silence, a line with the running jobs.
actor ProgressDisplay {
    private struct Running {
        let title: String
        let target: String
        let began: ContinuousClock.Instant
        var step: String
    }

    private let quiet: Bool
    private let verbose: Bool
    private let live: Bool
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    private var total = 0
    private var ended = 0
    private var isDraining = false
    private var bad = 0
    private var running: [Digest: Running] = [:]
    /// Jobs that other runs are executing.
    private var waiting: Set<Digest> = []
    /// Targets and hosts that have been or are being bootstrapped.
    private var bootstrapped: Set<String> = []
    private var lastPrinted: ContinuousClock.Instant
    private var linesDrawn = 0
    private var lastDrawn: ContinuousClock.Instant?
    private var ticker: Task<Void, Never>?

    /// The minimum time between redraws.
    private static let pause = Duration.milliseconds(100)
    /// Without a terminal, the silence after which the running jobs are printed.
    private static let silence = Duration.seconds(30)
    /// The maximum number of running jobs and of causes shown at once.
    private static let shown = 8

    init(_ messages: OutputOptions) {
        quiet = messages.quiet
        verbose = messages.verbose
        live = Terminal.stderrIsTerminal && !Terminal.hasTrace && !messages.quiet
        began = clock.now
        lastPrinted = clock.now
    }

    /// Shows on a terminal what is about to run.
    func begin(_ plan: Plan) {
        guard live else { return }
        let targets = Set(plan.targets.map(\.name)).sorted().joined(separator: ", ")
        write("ciso \(ProgramVersion.current): deployment \(plan.deployment) on \(targets)\n")
    }

    /// Prints a line even if the display is quiet.
    func announce(_ line: String) {
        printLine(line)
        draw(force: true)
    }

    /// Shows that no further job starts.
    func drain() { isDraining = true }

    /// Updates the display with an event of the run.
    func show(_ event: RunEvent) {
        guard !quiet else { return }
        switch event {
        case .planned(let cells, let jobs, let done): plan(cells: cells, jobs: jobs, done: done)
        case .knownFailures(let failures): printKnownFailures(failures)
        case .started(let id, let job, let target, let attempt):
            waiting.remove(id)
            let again = attempt > 1 ? " (attempt \(attempt))" : ""
            running[id] = Running(
                title: title(of: job, on: target) + again, target: target, began: clock.now, step: "start")
        case .waiting(let id, let job, let target):
            if waiting.insert(id).inserted { printLine("\(title(of: job, on: target)): waiting for another run") }
        case .step(let id, let step): note(step, of: id)
        case .ended(let id, let job, let target, let ending):
            running[id] = nil
            if ending.isInterrupted {
                printLine("\(title(of: job, on: target)): interrupted")
            } else {
                end(title(of: job, on: target), ending, sentence(for: ending))
            }
        case .adopted(let id, let job, let target, let ending):
            let source = waiting.remove(id) == nil ? "already recorded" : "by another run"
            end(title(of: job, on: target), ending, "\(words(for: ending)), \(source)\(reason(of: ending))")
        case .blocked(let jobs, let cause):
            settle(jobs, isGood: false)
            printLine("[\(ended)/\(total)] \(count(jobs, "job")) blocked by \(cause.package)")
        case .dropped(let jobs):
            settle(jobs, isGood: true)
            printLine("[\(ended)/\(total)] \(count(jobs, "job")) cancelled")
        case .begun, .recorded: break
        case .retrying(let id, let job, let reason):
            running[id] = nil
            printLine("will run \(job.package) again: \(reason)")
        case .packing: printLine("packing the store…")
        case .following(let lease, let isWorking):
            printLine(
                "\(lease.name) on \(lease.host) runs this deployment: \(isWorking ? "joining it" : "waiting for it")")
        case .leading: printLine("the other run has ended; continuing its work")
        case .worked(let cell, let ending): printLine("\(cell): \(sentence(for: ending))")
        case .workerJoined(let name): printLine("\(name) takes jobs")
        case .workerLost(let name): printLine("\(name) is gone")
        case .workerStalled(let name): printLine("\(name) shows no sign of life: it gets no jobs until it does")
        case .labelsMissing(let target, let labels):
            let quoted = labels.map { "'\($0)'" }.joined(separator: ", ")
            printLine("\(target): no worker has the labels \(quoted): its jobs wait for one ('--labels')")
        case .workerUnsuited(let name, let obstacle):
            printLine("\(name) gets no jobs: it \(Self.words(for: obstacle))")
        case .workersMissing(let target, let obstacles):
            let reasons = WorkerRegistration.Obstacle.allCases.compactMap { obstacle in
                obstacles[obstacle].map { "\($0) that \(Self.words(for: obstacle))" }
            }
            let others = reasons.isEmpty ? "" : "; there is " + reasons.joined(separator: ", ")
            printLine(
                "\(target): no worker takes its jobs: they wait for one ('ci worker'; 'ci status' lists workers)\(others)"
            )
        case .hub(let event): printLine(sentence(for: event))
        }
        draw(force: false)
    }

    private func plan(cells: Int, jobs: Int, done: Int) {
        if ticker == nil {
            printLine("\(count(cells, "cell")), \(count(jobs, "job")) to run, \(done) done before")
        } else if jobs > 0 {
            printLine("\(count(jobs, "more job")) to run: retried, or their inputs changed")
        }
        total += jobs
        startTicking()
    }

    /// - Parameter failures: The packages that failed before, once for each job.
    private func printKnownFailures(_ failures: [(package: PackageVersion, cells: Int)]) {
        var known: [PackageVersion: Int] = [:]
        for failure in failures { known[failure.package, default: 0] += failure.cells }
        let failures = known.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            (package: $0.key, cells: $0.value)
        }
        for failure in failures.prefix(Self.shown) {
            printLine("\(count(failure.cells, "cell")) blocked by \(failure.package), which failed before")
        }
        let rest = failures.dropFirst(Self.shown)
        guard !rest.isEmpty else { return }
        let cells = rest.reduce(0) { $0 + $1.cells }
        printLine("\(count(cells, "cell")) blocked by \(count(rest.count, "other package"))")
    }

    private func note(_ step: JobStep, of id: Digest) {
        guard let job = running[id] else { return }
        running[id]?.step = step.description
        if step.name == "bootstrap", bootstrapped.insert("\(job.target) \(step.host ?? "")").inserted {
            let what = step.host.map { "making \($0) ready" } ?? "making the root file system"
            printLine("\(job.target): \(what), which takes minutes and is done once")
        } else if step.name.hasPrefix("bootstrap ") {
            printLine("\(job.target): \(step)")
        } else if verbose {
            printLine("\(job.title): \(step)")
        }
    }

    private func end(_ title: String, _ ending: JobEnding, _ sentence: String) {
        settle(1, isGood: ending.outcome == .success)
        printLine("[\(ended)/\(total)] \(title): \(sentence)")
    }

    private func settle(_ jobs: Int, isGood: Bool) {
        ended += jobs
        if !isGood { bad += jobs }
    }

    /// Removes the live lines for good.
    func finish() {
        ticker?.cancel()
        clear()
    }

    private func startTicking() {
        guard ticker == nil else { return }
        ticker = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await self?.tick()
            }
        }
    }

    private func tick() {
        draw(force: true)
        guard !live, clock.now - lastPrinted >= Self.silence,
            let longest = running.values.min(by: { $0.began < $1.began })
        else { return }
        let spent = durationText(longest.began.duration(to: clock.now) / .seconds(1))
        let others = running.count > 1 ? ", and \(running.count - 1) more" : ""
        printLine("running: \(longest.title): \(longest.step), \(spent)\(others)")
    }

    private func title(of job: Job, on target: String) -> String {
        (job.kind == .test ? "tests of " : "") + "\(target)/\(job.compiler)/\(job.package)"
    }

    private func sentence(for ending: JobEnding) -> String {
        "\(words(for: ending)), \(durationText(ending.duration))\(reason(of: ending))"
    }

    private func sentence(for event: HubPusher.Event) -> String {
        switch event {
        case .failed(let error):
            "\(error): results are recorded here, and pushed as soon as it takes them"
                + (error.hint.map { "; \($0)" } ?? "")
        case .recovered: "the hub has taken what was recorded"
        case .replayed(let branches):
            "the hub had other results; rebased onto them: \(branches.joined(separator: ", "))"
        }
    }

    private func words(for ending: JobEnding) -> String {
        ending.outcome.rawValue + (ending.phase.map { " in \($0.rawValue)" } ?? "")
    }

    private func reason(of ending: JobEnding) -> String { ending.reason.map { ": \($0)" } ?? "" }

    private func printLine(_ line: String) {
        clear()
        write(line + "\n")
        lastPrinted = clock.now
    }

    private func draw(force: Bool) {
        guard live, total > 0 else { return }
        let now = clock.now
        if !force, let lastDrawn, now - lastDrawn < Self.pause { return }
        lastDrawn = now
        clear()
        var lines = running.values.sorted { ($0.began, $0.title) < ($1.began, $1.title) }.prefix(Self.shown).map {
            "  \(durationText($0.began.duration(to: now) / .seconds(1)).padded(to: 8)) \($0.title): \($0.step)"
        }
        if running.count > Self.shown { lines.append("           and \(running.count - Self.shown) more") }
        lines.append(summary(at: now))
        let width = max(20, Terminal.columns - 1)
        write(lines.map { String($0.displayableOnOneLine.prefix(width)) }.joined(separator: "\n") + "\n")
        linesDrawn = lines.count
    }

    private func summary(at now: ContinuousClock.Instant) -> String {
        let spent = began.duration(to: now) / .seconds(1)
        var text = "\(ended)/\(total) jobs, \(running.count) running"
        if !waiting.isEmpty { text += ", \(waiting.count) waiting for another run" }
        if bad > 0 { text += ", \(bad) not good" }
        text += ", \(durationText(spent)) so far"
        if isDraining {
            text += ", draining"
        } else if ended > 0, ended < total {
            text += ", about \(durationText(spent / Double(ended) * Double(total - ended))) left"
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

extension String {
    /// The text padded with leading spaces to at least `width` characters.
    func padded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

extension ProgressDisplay {
    /// What keeps jobs from a worker, after "it" or "that".
    private static func words(for obstacle: WorkerRegistration.Obstacle) -> String {
        switch obstacle {
        case .otherTargets: "runs only other targets"
        case .missingPlugin: "lacks the plugin"
        case .otherAnswers: "has another version of the plugin, with other answers than the plan's"
        case .mode: "is paused or leaving"
        }
    }
}
