internal import Core
internal import Foundation
package import HTTP
internal import Model
internal import Records
package import Review
internal import Store
package import System

/// Sends the notices of a deployment to their recipients, each of them once.
package struct Notifier: Sendable {
    /// What was done, or what would be done in a dry run.
    package struct Report: Sendable {
        /// A line for each message.
        package var lines: [String] = []
        /// A line for each message that could not be sent and will be retried by the next call.
        package var failures: [String] = []
    }

    private let results: DeploymentResults
    private let settings: NoticeSettings
    /// The requests of the matrix that the settings do not allow, with the reasons.
    private let refused: [String]
    private let http: HTTPClient
    private let environment: ProcessEnvironment
    private let now: Int

    /// - Parameters:
    ///   - settings: The operator's settings; the recipients of the matrix are added.
    ///   - environment: The environment of the mail program.
    ///   - now: Seconds since 1970.
    package init(
        _ results: DeploymentResults, _ settings: NoticeSettings, http: HTTPClient, environment: ProcessEnvironment,
        now: Int
    ) {
        var settings = settings
        refused = results.header.notify.map { settings.add($0) } ?? []
        (self.results, self.settings, self.http, self.environment) = (results, settings, http, environment)
        self.now = now
    }

    private var deployment: String { results.header.deployment }

    /// Finds new notices, records them, and sends the messages that are due.
    ///
    /// - Parameters:
    ///   - released: Ids of held causes to send to all recipients.
    ///   - isDryRun: Whether to record and send nothing.
    /// - Throws: `Failure` of the category `input` if a released cause is not held; `StoreError`.
    package func run(releasing released: [String] = [], isDryRun: Bool) async throws -> Report {
        let finder = try NoticeFinder(results)
        let ledger = try NoticeLedger(of: deployment, in: results.store)
        var known = try ledger.all()
        var changed = try finder.changes(to: known)
        for cause in released {
            guard var notice = (changed + known).first(where: { $0.cause == cause && $0.isHeld }) else {
                throw Failure(
                    .input, "no notice of the cause '\(cause)' is held", hint: "'ci notify --dry-run' lists them")
            }
            notice.isHeld = false
            changed.removeAll { $0.cause == cause }
            changed.append(notice)
        }
        if isDryRun {
            let replaced = Set(changed.map(\.cause))
            known = known.filter { !replaced.contains($0.cause) } + changed
        } else {
            try ledger.record(changed)
            known = try ledger.all()
        }
        known.sort { ($0.run, $0.cause) < ($1.run, $1.cause) }
        var report = Report(failures: refused)
        for notice in known where notice.deliveries.values.contains(.sending) && !isDryRun {
            report.lines.append("\(notice.cause): the process died while sending a message; it is not sent again")
        }
        try await send(known, finder, ledger, isDryRun, &report)
        return report
    }

    private func send(
        _ notices: [Notice], _ finder: NoticeFinder, _ ledger: NoticeLedger, _ isDryRun: Bool, _ report: inout Report
    ) async throws {
        if let address = settings.operatorAddress {
            let messages = due(notices.filter(\.isHeld), by: "operator:\(address)")
            try await mail(messages, to: address, channel: "operator:\(address)", ledger, isDryRun, &report)
        }
        for (address, recipients) in Dictionary(grouping: settings.recipients, by: \.address).sorted(by: {
            $0.key < $1.key
        }) {
            let picked = try recipients.reduce(into: Set<Cell>()) {
                $0.formUnion(try finder.cells(picked: $1.selector))
            }
            let own = notices.filter { !$0.isHeld && $0.cells.contains(where: picked.contains) }
            let messages = due(own, by: "mail:\(address)")
            try await mail(messages, to: address, channel: "mail:\(address)", ledger, isDryRun, &report)
        }
        for url in settings.webhooks {
            for message in due(notices.filter { !$0.isHeld }, by: "webhook:\(url)") {
                try await post(message, to: url, ledger, isDryRun, &report)
            }
        }
        for target in settings.statuses { try await set(target, finder, ledger, isDryRun, &report) }
    }

    /// The messages not yet sent on a channel: the openings of open notices, and the closings of closed notices whose
    /// opening was sent on that channel.
    private func due(_ notices: [Notice], by channel: String) -> [(notice: Notice, event: NoticeEvent)] {
        notices.compactMap { notice in
            if notice.closed == nil {
                let state = notice.deliveries[channel]
                return state == nil || state == .failed ? (notice, .opened) : nil
            }
            guard notice.deliveries[channel] == .sent else { return nil }
            let state = notice.closings[channel]
            return state == nil || state == .failed ? (notice, .closed) : nil
        }
    }

    // MARK: Mail

    private func mail(
        _ messages: [(notice: Notice, event: NoticeEvent)], to address: String, channel: String, _ ledger: NoticeLedger,
        _ isDryRun: Bool, _ report: inout Report
    ) async throws {
        guard !messages.isEmpty else { return }
        let last = try ledger.lastDigest(to: channel)
        if let last, now < last + settings.period * 3600 {
            report.lines.append(
                "mail to \(address): \(count(messages.count, "message")) after \(UTCTime.iso(last + settings.period * 3600))"
            )
            return
        }
        func digest(_ messages: [(notice: Notice, event: NoticeEvent)]) -> MailDigest {
            MailDigest(
                recipient: address, sender: settings.sender ?? address, deployment: deployment, messages: messages,
                address: settings.address, isForOperator: channel.hasPrefix("operator:"))
        }
        if isDryRun {
            let body = digest(messages).body.split(separator: "\n", omittingEmptySubsequences: false).map {
                "    \($0)"
            }
            report.lines += ["mail to \(address): \(digest(messages).subject)"] + body
            return
        }
        let claimed = try ledger.claim(messages, by: channel, digest: now)
        guard !claimed.isEmpty else { return }
        let problem = await submit(digest(claimed).text(at: now), to: address)
        try ledger.finish(claimed, by: channel, problem == nil ? .sent : .failed, digest: last)
        note("mail to \(address): \(digest(claimed).subject)", problem, &report)
    }

    /// Passes a mail to the mail program of the machine.
    ///
    /// - Returns: Why the program rejected the mail; nil if it accepted it.
    private func submit(_ text: String, to address: String) async -> String? {
        let sender = settings.sender.map { ["-f", $0] } ?? []
        let program = Subprocess(
            [settings.sendmail, "-i"] + sender + ["--", address], environment: environment.variables,
            input: Array(text.utf8), standardError: .joined, outputLimit: 1 << 16, timeLimit: .seconds(60))
        do {
            let outcome = try await program.run()
            if outcome.succeeded { return nil }
            let words = String(decoding: outcome.output, as: UTF8.self).displayableOnOneLine.prefix(200)
            return "'\(settings.sendmail)': \(outcome.ending)\(words.isEmpty ? "" : ": \(words)")"
        } catch {
            return Failure(describing: error).description
        }
    }

    private func note(_ line: String, _ problem: String?, _ report: inout Report) {
        if let problem { report.failures.append("\(line): \(problem)") } else { report.lines.append(line) }
    }

    // MARK: Requests

    private func post(
        _ message: (notice: Notice, event: NoticeEvent), to url: String, _ ledger: NoticeLedger, _ isDryRun: Bool,
        _ report: inout Report
    ) async throws {
        let line = "webhook \(url): \(message.event.rawValue) \(message.notice.cause), \(message.notice.packageWords)"
        guard !isDryRun else {
            report.lines.append(line)
            return
        }
        guard let claimed = try ledger.claim([message], by: "webhook:\(url)", digest: nil).first else { return }
        let hook = Webhook(
            url, secret: settings.webhookSecret, claimed.notice, claimed.event, deployment: deployment,
            address: settings.address, time: now)
        let problem = await deliver(try hook.request())
        try ledger.finish([claimed], by: "webhook:\(url)", problem == nil ? .sent : .failed, digest: nil)
        note(line, problem, &report)
    }

    private func set(
        _ target: NoticeSettings.StatusTarget, _ finder: NoticeFinder, _ ledger: NoticeLedger, _ isDryRun: Bool,
        _ report: inout Report
    ) async throws {
        let name = target.url.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let repositories = results.header.repositories
        let repository =
            repositories.first { $0.location.lowercased().replacing(".git", with: "").hasSuffix("/\(name)") }
            ?? (repositories.count == 1 ? repositories.first : nil)
        guard let repository else {
            report.failures.append("status at \(target.url): no repository of the plan has this name")
            return
        }
        let (state, words) = try finder.status()
        let line = "status at \(target.url): \(repository.commit.prefix(12)) is \(state), \(words)"
        var sent = SentStatus(
            channel: "\(target.kind.rawValue):\(target.url)", commit: repository.commit, state: state,
            description: words, delivery: .sending)
        guard !isDryRun else {
            report.lines.append(line)
            return
        }
        guard try ledger.claim(sent) else { return }
        let status = CommitStatus(
            target: target, commit: repository.commit, state: state, description: words, deployment: deployment,
            address: settings.address)
        let problem = await deliver(try status.request(token: settings.statusToken ?? ""))
        sent.delivery = problem == nil ? .sent : .failed
        try ledger.finish(sent)
        note(line, problem, &report)
    }

    /// The delay in seconds before each attempt of a request; a request is retried if the server is temporarily unable
    /// to handle it.
    private static let pauses = [0.0, 1, 3, 9]

    /// Sends a request, and retries it while the failure is transient.
    ///
    /// - Returns: Why the request failed; nil if the server accepted it.
    private func deliver(_ request: HTTPRequest) async -> String? {
        var problem = ""
        for pause in Self.pauses {
            do {
                if pause > 0 { try await Task.sleep(for: .seconds(pause)) }
                let response = try await http.response(to: request)
                if (200..<300).contains(response.status) { return nil }
                let words = response.excerpt.prefix(200)
                problem = "the server answered with \(response.status)\(words.isEmpty ? "" : ": \(words)")"
                guard response.status >= 500 || response.status == 429 || response.status == 408 else { return problem }
            } catch let error as HTTPError {
                // The URL may contain a password, so it is not part of the message.
                problem = error.reason
            } catch {
                return Failure(describing: error).description
            }
        }
        return problem
    }
}
