import Core
import Foundation
import Glibc
import Model
import TestSupport
import Testing

/// Notices, sent to a stub of sendmail and to a real server.
@Suite(.enabled(if: Program.areInstalled("python3"), "needs python3"))
struct NotifyTests {
    /// A deployment whose packages break, and a program that keeps the mail it gets.
    private final class Fixture: Sendable {
        let history: RunHistory
        private let packages: [String]
        private let version = Counter()

        init(_ packages: [String] = ["one", "two", "three"]) throws {
            self.packages = packages
            let files = packages.map { ("\($0).1", "depends: \"ocaml\"\nmaintainer: \"Ann <ann@example.org>\"") }
            history = try RunHistory(
                Dictionary(uniqueKeysWithValues: files), asked: packages.joined(separator: ", "))
            try history.directory.write(
                "#!/bin/sh\nd=$(dirname \"$0\")\nn=$(ls \"$d/mail\" | wc -l)\n{ echo \"args: $*\"; cat; } > \"$d/mail/$n\"\n",
                to: "sendmail")
            try history.directory.shell("chmod +x sendmail && mkdir mail")
            try history.directory.write("s3cret-of-the-webhook\n", to: "secret")
            try history.directory.write("t0ken-of-the-forge\n", to: "token")
        }

        /// A run in which each package is executed again with this outcome; the others succeed.
        ///
        /// - Parameter confirmed: How often failures were repeated.
        func run(
            _ named: [String: Outcome] = [:], confirmed: Int = 2, signature: String = "Error: unbound module X"
        ) async throws {
            let outcomes = Dictionary(packages.map { ($0, Outcome.success) }) { first, _ in first }.merging(named) {
                $1
            }
            let number = version.next()
            try history.commit(
                "change \(number)",
                Dictionary(
                    uniqueKeysWithValues: outcomes.keys.map {
                        (
                            "\($0).1",
                            "depends: \"ocaml\"\nmaintainer: \"Ann <ann@example.org>\"\nbuild: [\"true\" \"\(number)\"]"
                        )
                    }))
            try await history.run(outcomes) { result in
                guard result.outcome == .failure else { return }
                (result.signature, result.reason) = (signature, signature)
                if confirmed > 1 {
                    result.confirmation = (0..<confirmed).map { _ in
                        CellResult.Execution(outcome: .failure, phase: .build, signature: signature)
                    }
                }
            }
        }

        func notify(_ words: String..., period: String = "0") throws -> Program.Ending {
            try Program(
                [
                    BuiltProgram.path(of: "ci"), "notify", "--notify-mail",
                    "ann@example.org=maintainer:ann@example.org",
                    "--notify-from", "ci@example.org", "--notify-sendmail", history.directory("sendmail"),
                    "--notify-period", period,
                ] + words, in: history.directory.path,
                environment: [
                    "CISO_STORE": history.path, "PATH": "/usr/bin:/bin", "CISO_CACHE": history.directory("cache"),
                ]
            ).run()
        }

        /// Adds keys to the matrix, for the next plan.
        func addToMatrix(_ text: String) throws {
            let matrix = history.directory.read("matrix.yaml") ?? ""
            try history.directory.write("\(matrix)\n\(text)\n", to: "matrix.yaml")
        }

        /// Replaces sendmail by another program.
        func setSendmail(_ script: String) throws {
            try history.directory.write(script, to: "sendmail")
            try history.directory.shell("chmod +x sendmail")
        }

        /// The newest commit of the repository.
        var commit: String { get throws { try git("rev-parse", "HEAD", at: history.directory("repo")) } }

        /// The mails so far, in order.
        var mails: [String] {
            get throws {
                try FileManager.default.contentsOfDirectory(atPath: history.directory("mail")).sorted {
                    (Int($0) ?? 0) < (Int($1) ?? 0)
                }.map { history.directory.read("mail/\($0)") ?? "" }
            }
        }
    }

    private final class Counter: Sendable {
        private let lock = NSLock()
        nonisolated(unsafe) private var number = 0

        func next() -> Int {
            lock.withLock {
                number += 1
                return number
            }
        }
    }

    /// The requests received by a server.
    private struct Received: Decodable {
        struct Body: Decodable {
            struct Notice: Decodable {
                var packages: [String]
                var url: String?
            }
            var event: String?
            var delivery: String?
            var notice: Notice?
            var state: String?
            var context: String?
            var name: String?
            var description: String?
        }
        var path: String
        var headers: [String: String]
        var signed: Bool
        var body: Body
        var answer: Int
    }

    private func receiver(_ statuses: String...) async throws -> (program: RunningProgram, port: String) {
        try await server("receiver.py", ["s3cret-of-the-webhook"] + statuses)
    }

    private func server(_ name: String, _ words: [String]) async throws -> (program: RunningProgram, port: String) {
        let script = PackageDirectory.url.appending(path: "Tests/Python/\(name)").path
        let program = try Program(["python3", script] + words).start()
        try await waitUntil("the server listens") { program.output.contains("\n") }
        return (program, program.output.split(separator: "\n").first.map(String.init) ?? "")
    }

    private func received(_ program: RunningProgram) throws -> [Received] {
        try program.output.split(separator: "\n").dropFirst().map {
            try JSONDecoder().decode(Received.self, from: Data($0.utf8))
        }
    }

    @Test func regressionsAreReportedOnceAndClosedAfterTwoGoodRuns() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        #expect(try fixture.notify().output.isEmpty)
        try await fixture.run(["one": .failure, "two": .failure])
        let plan = try fixture.notify("--dry-run")
        #expect(
            plan.output.hasPrefix("mail to ann@example.org: [small] 1 new problem: one.1, two.1\n"), "\(plan.output)")
        #expect(try fixture.mails.isEmpty)
        let sent = try fixture.notify()
        #expect(sent.status == 0, "\(sent.messages)")
        let mail = try #require(try fixture.mails.first)
        #expect(
            mail.hasPrefix("args: -i -f ci@example.org -- ann@example.org\nFrom: ci@example.org\nTo: ann@example.org\n")
        )
        #expect(mail.contains("Error: unbound module X") && mail.contains("Auto-Submitted: auto-generated"))
        for _ in 0..<2 { #expect(try fixture.notify().status == 0) }
        #expect(try fixture.mails.count == 1)
        // The same cause in one more run is not fresh.
        try await fixture.run(["one": .failure, "two": .failure])
        #expect(try fixture.notify().output.isEmpty)
        try await fixture.run()
        #expect(try fixture.notify().output.isEmpty, "one good run does not close it")
        try await fixture.run()
        #expect(try fixture.notify().output.contains("1 closed"))
        #expect(try fixture.mails.count == 2 && fixture.mails[1].contains("was good in two runs"))
        // The error is no longer new to these packages.
        try await fixture.run(["one": .failure])
        #expect(try fixture.notify().output.isEmpty)
        try await fixture.run(["one": .failure], signature: "Error: another one")
        #expect(try fixture.notify().output.isEmpty, "it was not good before")
        #expect(try fixture.history.ci("store", "verify").status == 0)
    }

    /// The first failure of a package's own commands is news to its maintainers, whatever made the cell bad before.
    @Test func aFailureBehindABlockedCellIsReported() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        for number in 0..<2 {
            try await fixture.run(["one": .blocked, "two": .failure], confirmed: number == 0 ? 2 : 0)
            #expect(try fixture.notify().output.contains("two.1") == (number == 0))
        }
        try await fixture.run(["one": .failure, "two": .failure], signature: "Error: of its own")
        #expect(try fixture.notify().output.hasPrefix("mail to ann@example.org: [small] 1 new problem: one.1\n"))
        try await fixture.run(["one": .blocked, "two": .failure])
        try await fixture.run(["one": .failure, "two": .failure], signature: "Error: a third one")
        #expect(try fixture.notify().output.isEmpty, "its last build failed")
    }

    @Test func unconfirmedAndOldFailuresAreNotReported() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure, "two": .blocked], confirmed: 0)
        #expect(try fixture.notify().output.isEmpty)
        try await fixture.run()
        try await fixture.run(["one": .failure], signature: "Error: confirmed")
        try await fixture.run(["one": .failure], signature: "Error: confirmed")
        #expect(try fixture.notify().output.isEmpty, "it broke in the run before the newest")
        try await fixture.run(["one": .success, "two": .infrastructure])
        #expect(try fixture.notify().output.isEmpty)
    }

    @Test func noRecipientGetsTwoDigestsWithinAPeriod() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure])
        #expect(try fixture.notify(period: "24").status == 0)
        try await fixture.run(["one": .failure, "two": .failure], signature: "Error: another one")
        let waiting = try fixture.notify(period: "24")
        #expect(waiting.output.contains("mail to ann@example.org: 1 message after "), "\(waiting.output)")
        #expect(try fixture.mails.count == 1)
        #expect(try fixture.notify(period: "0").status == 0)
        #expect(try fixture.mails.count == 2 && fixture.mails[1].contains("two.1 fails"))
    }

    /// The process dies between the mail and the record of it.
    @Test func nothingIsSentTwiceAfterACrash() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure])
        let sendmail = fixture.history.directory.read("sendmail") ?? ""
        try fixture.setSendmail(sendmail + "kill -9 $PPID\n")
        #expect(try fixture.notify().status == 128 + SIGKILL)
        try fixture.setSendmail(sendmail)
        let again = try fixture.notify()
        #expect(again.status == 0 && again.output.contains("it is not sent again"), "\(again.output)")
        #expect(try fixture.mails.count == 1)
    }

    @Test func rejectedMailIsSentAgain() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure])
        let sendmail = fixture.history.directory.read("sendmail") ?? ""
        try fixture.setSendmail("#!/bin/sh\necho the queue is full >&2\nexit 75\n")
        let refused = try fixture.notify(period: "24")
        #expect(
            refused.status == 3 && refused.messages.contains("exit status 75: the queue is full"), "\(refused.messages)"
        )
        try fixture.setSendmail(sendmail)
        #expect(try fixture.notify(period: "24").status == 0)
        #expect(try fixture.mails.count == 1)
    }

    @Test func aWebhookIsSignedAndTriedAgain() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure])
        let (program, port) = try await receiver("503", "500")
        defer { program.kill(SIGKILL) }
        let words = [
            "--notify-webhook", "http://127.0.0.1:\(port)/hook", "--notify-webhook-secret", "secret", "--address",
            "https://ci.example.org",
        ]
        func notify() throws -> Program.Ending {
            try fixture.notify(words[0], words[1], words[2], words[3], words[4], words[5])
        }
        #expect(try fixture.notify(words[0], words[1]).status == 2, "there is no secret")
        let sent = try notify()
        #expect(sent.status == 0, "\(sent.messages)")
        let requests = try received(program)
        #expect(requests.map(\.answer) == [503, 500, 200])
        #expect(requests.allSatisfy { $0.signed && $0.path == "/hook" && $0.headers["x-ciso-event"] == "opened" })
        #expect(Set(requests.map { $0.headers["x-ciso-delivery"] }).count == 1)
        #expect(requests.last?.body.notice?.packages == ["one.1"])
        #expect(requests.last?.body.notice?.url?.hasPrefix("https://ci.example.org/causes/") == true)
        _ = try notify()
        #expect(try received(program).count == 3)
        // A closed cause has no page.
        for _ in 0..<2 { try await fixture.run() }
        _ = try notify()
        let closing = try #require(try received(program).last)
        #expect(closing.headers["x-ciso-event"] == "closed")
        #expect(closing.body.notice?.url == "https://ci.example.org/packages/one.html")
        // Secrets are in no output and not in the store.
        #expect(!(sent.output + sent.messages).contains("s3cret"))
        #expect(try Program(["grep", "-rlF", "s3cret", fixture.history.path]).run().output.isEmpty)
    }

    @Test(arguments: [
        ("github", "authorization", "Bearer t0ken-of-the-forge"),
        ("forgejo", "authorization", "token t0ken-of-the-forge"),
        ("gitlab", "private-token", "t0ken-of-the-forge"),
    ])
    func forgesReceiveCommitStatuses(kind: String, header: String, value: String) async throws {
        let fixture = try Fixture()
        try await fixture.run()
        let (program, port) = try await receiver()
        defer { program.kill(SIGKILL) }
        let target = "\(kind)=http://127.0.0.1:\(port)/repos/me/repo"
        func notify() throws -> Program.Ending {
            try fixture.notify("--notify-status", target, "--notify-status-token", "token")
        }
        #expect(try notify().status == 0)
        _ = try notify()
        let first = try received(program)
        let commit = try git("rev-parse", "HEAD", at: fixture.history.directory("repo"))
        #expect(first.count == 1 && first[0].path == "/repos/me/repo/statuses/\(commit)")
        #expect(first[0].headers[header] == value && first[0].body.state == "success")
        #expect((first[0].body.context ?? first[0].body.name) == "ciso/small")
        try await fixture.run(["one": .failure])
        #expect(try notify().status == 0)
        let second = try received(program)
        #expect(second.count == 2 && second[1].body.state == (kind == "gitlab" ? "failed" : "failure"))
        #expect(second[1].body.description == "1 of 3 required cells are not good")
    }

    @Test func largeRegressionsAreSentToTheOperatorFirst() async throws {
        let names = (0..<52).map { "p\($0)" }
        let fixture = try Fixture(names)
        try await fixture.run(Dictionary(uniqueKeysWithValues: names.map { ($0, .success) }))
        try await fixture.run(
            Dictionary(uniqueKeysWithValues: names.map { ($0, $0 == "p0" ? .success : .failure) }))
        #expect(try fixture.notify().output.isEmpty)
        let sent = try fixture.notify("--notify-operator", "root@example.org")
        #expect(sent.output.contains("mail to root@example.org: [small] 1 new problem"), "\(sent.output)")
        let mail = try #require(try fixture.mails.first)
        #expect(try fixture.mails.count == 1 && mail.contains("To: root@example.org") && mail.contains("--release"))
        let cause = try #require(mail.firstMatch(of: /ci show ([0-9a-f]{8})/)).1
        #expect(try fixture.notify("--release", "00000000").status == 2)
        #expect(try fixture.notify("--release", String(cause)).status == 0)
        #expect(try fixture.mails.count == 2 && fixture.mails[1].contains("To: ann@example.org"))
    }

    @Test func theMatrixNamesRecipients() async throws {
        let fixture = try Fixture()
        try fixture.addToMatrix(
            """
            notify:
              mail:
                - {to: bob@example.org, cells: "*/*/two"}
                - {to: carol@example.org, maintainer: "nobody@*"}
              operator: ops@example.org
            """)
        try await fixture.run()
        try await fixture.run(["one": .failure])
        #expect(try fixture.notify().output.hasPrefix("mail to ann@example.org"))
        try await fixture.run(["two": .failure], signature: "Error: another one")
        let sent = try fixture.notify()
        #expect(sent.status == 0, "\(sent.messages)")
        #expect(try fixture.mails.count == 3 && fixture.mails[2].contains("To: bob@example.org"), "\(sent.output)")
    }

    /// The author of a matrix must not be able to have a secret sent to a server of their choice.
    @Test func requestsOfTheMatrixAreSentOnlyToKnownOrigins() async throws {
        let fixture = try Fixture()
        let (program, port) = try await receiver()
        defer { program.kill(SIGKILL) }
        let origin = "http://127.0.0.1:\(port)"
        try fixture.addToMatrix(
            """
            notify:
              webhooks: ["\(origin)/hook", "http://me@127.0.0.1:\(port)/hook"]
              statuses: [{github: "\(origin)/repos/me/repo"}]
            """)
        try await fixture.run()
        try await fixture.run(["one": .failure])
        let refused = try fixture.notify("--dry-run")
        #expect(refused.status == 3, "\(refused.output)")
        #expect(refused.messages.contains("allow that with 'notify-origin: \(origin)'"), "\(refused.messages)")
        #expect(refused.messages.contains("without a user"))
        let withoutSecrets = try fixture.notify("--notify-origin", origin)
        #expect(withoutSecrets.messages.contains("'notify-webhook-secret' names no file"), "\(withoutSecrets.messages)")
        #expect(withoutSecrets.messages.contains("'notify-status-token' names no file"))
        #expect(try received(program).isEmpty)
        _ = try fixture.notify(
            "--notify-origin", origin, "--notify-webhook-secret", "secret", "--notify-status-token", "token")
        let requests = try received(program)
        #expect(requests.map(\.path).sorted() == ["/hook", "/repos/me/repo/statuses/\(try fixture.commit)"])
        #expect(requests.first { $0.path == "/hook" }?.signed == true)
        for origin in ["\(origin)/path", "127.0.0.1:\(port)", "ftp://127.0.0.1"] {
            #expect(try fixture.notify("--notify-origin", origin).status == 64, "\(origin)")
        }
    }

    /// Through a real mailer and SMTP; messages deferred by the server are sent the next time.
    @Test(.enabled(if: Program.areInstalled("msmtp"), "needs msmtp"))
    func mailArrivesBySMTP() async throws {
        struct Mail: Decodable {
            var from: String
            var to: [String]
            var text: String
        }
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure], signature: "Error: unbound module Ünïcode\n.\nQUIT")
        let (program, port) = try await server("smtp_sink.py", ["1"])
        defer { program.kill(SIGKILL) }
        try fixture.history.directory.write("account default\nhost 127.0.0.1\nport \(port)\n", to: "msmtprc")
        try fixture.history.directory.shell("chmod 600 msmtprc")
        try fixture.setSendmail("#!/bin/sh\nexec msmtp -C \"$(dirname \"$0\")/msmtprc\" \"$@\"\n")
        let deferred = try fixture.notify()
        #expect(deferred.status == 3 && deferred.messages.contains("try again later"), "\(deferred.messages)")
        let sent = try fixture.notify()
        #expect(sent.status == 0, "\(sent.messages)")
        _ = try fixture.notify()
        let mails = try program.output.split(separator: "\n").dropFirst().map {
            try JSONDecoder().decode(Mail.self, from: Data($0.utf8))
        }
        #expect(mails.count == 1)
        #expect(mails.first?.from == "ci@example.org" && mails.first?.to == ["ann@example.org"])
        let text = try #require(mails.first?.text)
        #expect(text.contains("\nTo: ann@example.org\n") && text.contains("Error: unbound module Ünïcode"), "\(text)")
    }

    /// Through exim, as a client with the interface of sendmail and as a server that delivers.
    @Test(.enabled(if: MailServer.isInstalled, "needs exim and bwrap (scripts/install-packages test)"))
    func aMailServerDeliversMail() async throws {
        let fixture = try Fixture()
        try await fixture.run()
        try await fixture.run(["one": .failure], signature: "Error: unbound module Ünïcode\n.\nQUIT")
        let server = try await MailServer()
        try fixture.setSendmail("#!/bin/sh\nexec '\(server.sendmail)' \"$@\"\n")
        for _ in 0..<2 {
            let sent = try fixture.notify()
            #expect(sent.status == 0, "\(sent.messages)")
        }
        let mails = try server.mails
        let mail = try #require(mails.first)
        #expect(mails.count == 1)
        #expect(mail.contains("Return-path: <ci@example.org>\nEnvelope-to: ann@example.org\n"), "\(mail)")
        #expect(mail.contains("\nTo: ann@example.org\n") && mail.contains("\nSubject: [small] 1 new problem: one.1\n"))
        #expect(mail.contains("\nAuto-Submitted: auto-generated\n"))
        #expect(mail.contains("Error: unbound module Ünïcode"), "\(mail)")
        // Added only if the mail lacks them.
        #expect(mail.ranges(of: "\nDate: ").count == 1 && mail.ranges(of: "\nMessage-Id: ").count <= 1)
    }

    @Test func wrongSettingsAreRefused() throws {
        let fixture = try Fixture()
        for words in [
            ["--notify-mail", "ann@example.org"], ["--notify-mail", "-x@example.org=one"],
            ["--notify-mail", "a@b\nBcc: c@d=one"], ["--notify-operator", "nobody"],
            ["--notify-status", "other=http://x"],
            ["--notify-webhook", "file:///etc/passwd"], ["--notify-period", "-1"],
        ] {
            #expect(try fixture.notify(words[0], words[1]).status == 64, "\(words)")
        }
    }
}
