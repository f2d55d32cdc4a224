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
        abstract: "Tell those who asked for it of new problems, each cause once.",
        discussion: """
            To be run after a run. What is sent is a cause, not a cell, and only if it broke in the newest finished run, was \
            confirmed, is of a package that fails itself, and has an error that the package never had. It is closed after two \
            good runs. A cause that spoils more than 50 packages or a whole target goes to --notify-operator alone, until \
            --release. What was sent is recorded in the store, before it is sent: nothing is sent twice. Exits with 3 where \
            something could not be sent; it is tried again the next time.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Print what would go where, and send and record nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Also tell others of a cause that was held for the operator.", valueName: "cause"))
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
        if report.lines.isEmpty, report.failures.isEmpty { StandardError.print("nothing to tell") }
        if !report.failures.isEmpty { throw EarlyExit(status: .infrastructure) }
    }
}

/// Whom notices go to, and how.
struct NoticeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A digest by mail of what concerns these cells.", valueName: "address=selector"))
    var notifyMail: [NoticeSettings.Recipient] = []

    @Option(help: "The address of mail for what spoils very much.")
    var notifyOperator: NoticeAddress?

    @Option(help: "The address that mail is from.")
    var notifyFrom: NoticeAddress?

    @Option(help: "Hours between two digests for one address.")
    var notifyPeriod = 24

    @Option(help: "The program that takes mail as sendmail does.", completion: .file())
    var notifySendmail = "/usr/sbin/sendmail"

    @Option(help: ArgumentHelp("An address that gets a signed request for each notice.", valueName: "url"))
    var notifyWebhook: [String] = []

    @Option(help: "The file with the secret that signs these requests.", completion: .file())
    var notifyWebhookSecret: String?

    @Option(
        help: ArgumentHelp("A repository whose commits get a status: github, gitlab or forgejo.", valueName: "kind=url")
    )
    var notifyStatus: [NoticeSettings.StatusTarget] = []

    @Option(help: "The file with the token for these repositories.", completion: .file())
    var notifyStatusToken: String?

    @Option(help: "The address of the pages, for links: https://ci.example.org/.")
    var address: String?

    func validate() throws {
        guard (0...8760).contains(notifyPeriod) else {
            throw ValidationError("--notify-period: expected a number of hours from 0 to 8760")
        }
        for url in notifyWebhook where !url.hasPrefix("https://") && !url.hasPrefix("http://") {
            throw ValidationError("--notify-webhook: expected an address such as https://HOST/PATH")
        }
    }

    /// - Throws: `Failure` of the category `input` where a secret is needed and there is none.
    func settings() throws -> NoticeSettings {
        if !notifyWebhook.isEmpty, notifyWebhookSecret == nil {
            throw Failure(
                .input, "webhooks are signed, and there is no secret",
                hint: "name a file with --notify-webhook-secret: openssl rand -hex 32 > FILE")
        }
        if !notifyStatus.isEmpty, notifyStatusToken == nil {
            throw Failure(.input, "forges want a token", hint: "name a file with --notify-status-token")
        }
        return NoticeSettings(
            recipients: notifyMail, operatorAddress: notifyOperator?.text, sender: notifyFrom?.text,
            sendmail: notifySendmail, period: notifyPeriod, webhooks: notifyWebhook,
            webhookSecret: Array((try notifyWebhookSecret.map(Self.secret) ?? "").utf8), statuses: notifyStatus,
            statusToken: try notifyStatusToken.map(Self.secret), address: address)
    }

    /// The first line of a file that is not empty.
    private static func secret(in file: String) throws -> String {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw Failure(.input, "cannot read the secret in '\(file)': \(systemReason(of: error) ?? "not text")")
        }
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard !line.isEmpty, line.utf8.count <= 4096 else {
            throw Failure(.input, "'\(file)' has no secret", hint: "its first line should be one")
        }
        return line
    }
}

extension NoticeSettings.Recipient: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

extension NoticeSettings.StatusTarget: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

/// An address of mail as an argument.
struct NoticeAddress: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard let address = MailAddress(argument) else { return nil }
        text = address.text
    }
}
