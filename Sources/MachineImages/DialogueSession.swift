internal import Core
package import Machines
package import PluginMessages

/// Conducts the dialogue of one boot with the console of a machine.
package struct DialogueSession: Sendable {
    /// The time limits of a dialogue.
    package struct Timing: Sendable {
        /// The time limit of every step; nil for the limits in the recipe.
        package var stepLimit: Duration?
        /// The time for which the console must be silent before text is sent: its reader may not be ready when the
        /// prompt ends.
        package var quiet = Duration.milliseconds(300)
        /// The maximum time to wait for that silence.
        package var quietTimeout = Duration.seconds(5)

        package init(stepLimit: Duration? = nil) {
            self.stepLimit = stepLimit
        }
    }

    private let boot: InstallerBoot
    private let console: MachineConsole
    private let timing: Timing
    private let obstacle: @Sendable () -> String?
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - obstacle: the reason why the machine cannot continue; nil while it can.
    ///   - report: receives a line about each step.
    package init(
        _ boot: InstallerBoot, _ console: MachineConsole, timing: Timing = Timing(),
        obstacle: @escaping @Sendable () -> String? = { nil }, report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.boot = boot
        self.console = console
        self.timing = timing
        self.obstacle = obstacle
        self.report = report
    }

    /// The state at one moment.
    private struct Progress {
        var dialogue: Dialogue
        var position = 0
        var pending: [String] = []
        var lastOutput = ContinuousClock.now
        /// The last time at which the machine could continue.
        var lastRunning = ContinuousClock.now
        /// The time at which the current step began, or the first pending text was due.
        var stepStart = ContinuousClock.now
    }

    /// Answers the console until the dialogue is done and the machine has ended.
    ///
    /// - Parameter log: the path of a file for the output of the console and the text sent to it.
    /// - Throws: `Failure` that names the step; `CancellationError`.
    package func run(log: String) async throws {
        var transcript = try ConsoleTranscript(log)
        transcript.note("boot '\(boot.name)'")
        var progress = Progress(dialogue: Dialogue(boot))
        while true {
            try Task.checkCancellation()
            // Checked before the output is read, so that the last output is not missed.
            let stopped = obstacle()
            let output = console.output(from: progress.position)
            if !output.bytes.isEmpty {
                (progress.position, progress.lastOutput) = (output.end, .now)
                transcript.console(output.bytes)
                try process(output.bytes, &progress, &transcript)
                continue
            }
            // A machine that has ended needs no further text.
            if progress.dialogue.isFinished, output.isEnded { return }
            if stopped == nil { progress.lastRunning = .now }
            // The end of the machine may be known before that of its console.
            if output.isEnded || .now - progress.lastRunning >= .seconds(progress.dialogue.isFinished ? 30 : 1) {
                throw failure(stopped ?? "the virtual machine ended", progress, transcript)
            }
            if try await send(&progress, &transcript) { continue }
            try checkTime(progress, transcript)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func process(_ bytes: [UInt8], _ progress: inout Progress, _ transcript: inout ConsoleTranscript) throws {
        for event in progress.dialogue.receive(bytes) {
            switch event {
            case .reply(let text):
                progress.stepStart = .now
                progress.pending.append(text)
                if !progress.dialogue.isFinished { report(progressLine(progress.dialogue)) }
            case .finished: break
            case .failed(let text): throw failure("the console shows '\(text)'", progress, transcript)
            case .repeated(let text):
                throw failure("the console repeated '\(text)' too often", progress, transcript)
            }
        }
    }

    /// Sends the next text that is due.
    ///
    /// - Returns: whether something was sent.
    private func send(_ progress: inout Progress, _ transcript: inout ConsoleTranscript) async throws -> Bool {
        guard let text = progress.pending.first else { return false }
        let now = ContinuousClock.now
        guard
            text.isEmpty || now - progress.lastOutput >= timing.quiet || now - progress.stepStart >= timing.quietTimeout
        else { return false }
        progress.pending.removeFirst()
        if !text.isEmpty {
            transcript.note("sent '\(text)'")
            // The firmware's keyboard buffer has room for 15 keys.
            for piece in text.utf8.chunks(of: 8) {
                console.type(piece)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        progress.stepStart = .now
        return true
    }

    private func checkTime(_ progress: Progress, _ transcript: borrowing ConsoleTranscript) throws {
        guard progress.pending.isEmpty else { return }
        let dialogue = progress.dialogue
        let seconds = dialogue.isFinished ? boot.timeLimit : dialogue.steps[dialogue.step].timeLimit
        let limit = min(.seconds(seconds), timing.stepLimit ?? .seconds(seconds))
        guard .now - progress.stepStart >= limit else { return }
        throw failure(
            "waited \(limit.components.seconds) s for "
                + (dialogue.isFinished ? "the machine to power off or restart" : Self.awaited(dialogue)), progress,
            transcript)
    }

    private func progressLine(_ dialogue: Dialogue) -> String {
        "\(boot.name): step \(dialogue.step + 1) of \(dialogue.steps.count): waiting for \(Self.awaited(dialogue))"
    }

    private static func awaited(_ dialogue: Dialogue) -> String {
        dialogue.awaited.map { "'\($0)'" }.joined(separator: " or ")
    }

    private func failure(_ reason: String, _ progress: Progress, _ transcript: borrowing ConsoleTranscript) -> Failure {
        let dialogue = progress.dialogue
        let step = dialogue.isFinished ? "after the last step" : "step \(dialogue.step + 1) of \(dialogue.steps.count)"
        let lines = transcript.lastLines
        let end =
            lines.isEmpty
            ? "the console has shown nothing" : "the console ends with:\n  " + lines.joined(separator: "\n  ")
        return Failure(.unavailable, "boot '\(boot.name)', \(step): \(reason); \(end)")
    }
}

extension String.UTF8View {
    /// The text in pieces of at most `count` bytes, each of whole characters if they are ASCII.
    fileprivate func chunks(of count: Int) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while !rest.isEmpty {
            pieces.append(String(decoding: rest.prefix(count), as: UTF8.self))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}
