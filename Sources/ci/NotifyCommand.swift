internal import ArgumentParser
internal import Core
internal import Foundation
internal import HTTP
internal import Notices
internal import Review
internal import System

struct NotifyCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Notify subscribers of new problems, once for each cause.",
        discussion: """
            Run it after each run. A notice is about a cause, not a cell. A cause qualifies if it appeared in the newest \
            finished run, its failure was confirmed in a package's own commands, and the package never had the same error \
            before. It is closed after two good runs. A cause that spoils more than 50 packages or a whole target is sent only \
            to --notify-operator until --release. Each message is recorded in the store before it is sent, so that none is \
            sent twice. Exits with 3 if a message could not be sent; the next call retries it.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Print what would be sent to whom; send and record nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Notify all subscribers of a cause that was held for the operator.", valueName: "cause"))
    var release: [String] = []

    @OptionGroup var recipients: NoticeOptions

    func run() async throws {
        let configuration = try Configuration.current()
        let results = try store.results(of: deployment)
        let notifier = Notifier(
            results, try recipients.settings(), http: HTTPClient(try HTTPSettings(configuration, nil)),
            environment: configuration.environment, now: Int(Date().timeIntervalSince1970))
        let report = try await notifier.run(releasing: release, isDryRun: dryRun)
        for line in report.lines { StandardOutput.print(line.displayableOnOneLine) }
        for failure in report.failures { StandardError.print("error: not sent: \(failure.displayableOnOneLine)") }
        if report.lines.isEmpty, report.failures.isEmpty { StandardError.print("no new notices") }
        if !report.failures.isEmpty { throw EarlyExit(status: .infrastructure) }
    }
}

/// The recipients of notices, and how they are sent.
struct NoticeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Send digests about these cells to this mail address.", valueName: "address=selector"),
        transform: expecting("a mail address and a selector, such as me@example.org=*", NoticeSettings.Recipient.init))
    var notifyMail: [NoticeSettings.Recipient] = []

    @Option(
        help: "The mail address for causes that spoil very many cells.",
        transform: expecting("a mail address", MailAddress.init(_:)))
    var notifyOperator: MailAddress?

    @Option(help: "The sender address of mails.", transform: expecting("a mail address", MailAddress.init(_:)))
    var notifyFrom: MailAddress?

    @Option(
        help: "The minimum time between two digests to one address, in hours.",
        parsedBy: number("of hours", in: 0...8760))
    var notifyPeriod = 24

    @Option(help: "The program that sends mail, compatible with sendmail.", completion: .file())
    var notifySendmail = "/usr/sbin/sendmail"

    @Option(
        help: ArgumentHelp("Send a signed request to this URL for each notice.", valueName: "url"),
        transform: expecting("an address such as https://HOST/PATH") { WebOrigin(of: $0) == nil ? nil : $0 })
    var notifyWebhook: [String] = []

    @Option(help: "The file with the secret that signs these requests.", completion: .file())
    var notifyWebhookSecret: String?

    @Option(
        help: ArgumentHelp("Set commit statuses in this repository: github, gitlab, forgejo.", valueName: "kind=url"),
        transform: expecting(
            "a kind and the repository's address, such as github=https://api.github.com/repos/OWNER/NAME",
            NoticeSettings.StatusTarget.init(_:)))
    var notifyStatus: [NoticeSettings.StatusTarget] = []

    @Option(help: "The file with the token for these repositories.", completion: .file())
    var notifyStatusToken: String?

    @Option(
        help: ArgumentHelp(
            "An origin, https://HOST, to which webhooks and statuses that the matrix asks for may go.", valueName: "url"
        ), transform: expecting("a scheme and a host, such as https://hooks.example.org", WebOrigin.init(_:)))
    var notifyOrigin: [WebOrigin] = []

    @Option(help: "The address of the pages, for links: https://ci.example.org/.")
    var address: String?

    /// - Throws: `Failure` of the category `input` if a required secret is missing.
    func settings() throws -> NoticeSettings {
        if !notifyWebhook.isEmpty, notifyWebhookSecret == nil {
            throw Failure(
                .input, "webhooks need a secret for their signatures",
                hint: "name a file with --notify-webhook-secret: openssl rand -hex 32 > FILE")
        }
        if !notifyStatus.isEmpty, notifyStatusToken == nil {
            throw Failure(.input, "commit statuses need a token", hint: "name a file with --notify-status-token")
        }
        return NoticeSettings(
            recipients: notifyMail, operatorAddress: notifyOperator?.text, sender: notifyFrom?.text,
            sendmail: notifySendmail, period: notifyPeriod, webhooks: notifyWebhook,
            webhookSecret: Array((try notifyWebhookSecret.map(Self.secret) ?? "").utf8), statuses: notifyStatus,
            statusToken: try notifyStatusToken.map(Self.secret), origins: notifyOrigin, address: address)
    }

    /// The first non-empty line of a file.
    private static func secret(in file: String) throws -> String {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw Failure(.input, "cannot read the secret in '\(file)': \(systemReason(of: error) ?? "not text")")
        }
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard !line.isEmpty, line.utf8.count <= 4096 else {
            throw Failure(.input, "'\(file)' has no secret", hint: "expected it on the first line")
        }
        return line
    }
}
