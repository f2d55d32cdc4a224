internal import Core
internal import Foundation
internal import Model

/// A mail with all notices due to one recipient.
struct MailDigest {
    let recipient: String
    let sender: String
    let deployment: String
    let messages: [(notice: Notice, event: NoticeEvent)]
    /// The address of the web pages; nil if unknown.
    let address: String?
    /// Whether the mail is for the operator and explains how to release held notices.
    var isForOperator = false

    /// The mail in the format of RFC 5322, with line feeds only.
    func text(at time: Int) -> String {
        let words = messages.map { "\($0.notice.cause) \($0.notice.run) \($0.event.rawValue)" }
        let id = Digest(of: ([recipient, deployment] + words).joined(separator: "\n")).hex.prefix(32)
        let date = Date(timeIntervalSince1970: Double(time)).formatted(
            Date.VerbatimFormatStyle(
                format:
                    "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) +0000",
                locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
        let headers = [
            "From: \(sender)", "To: \(recipient)", "Subject: \(Self.encoded(subject))", "Date: \(date)",
            "Message-ID: <\(id)@ciso>", "Auto-Submitted: auto-generated", "Precedence: list", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
        ]
        return headers.joined(separator: "\n") + "\n\n" + body + "\n"
    }

    /// `[opam] 2 new problems: lwt.5.7.0, fmt.0.9.0; 1 closed`.
    var subject: String {
        let opened = messages.filter { $0.event == .opened }
        let closed = messages.count - opened.count
        var parts: [String] = []
        if !opened.isEmpty {
            let packages = Set(opened.flatMap(\.notice.packages)).sorted()
            let names = packages.prefix(3).map(\.description).joined(separator: ", ")
            parts.append("\(count(opened.count, "new problem")): \(names)\(packages.count > 3 ? ", …" : "")")
        }
        if closed > 0 { parts.append("\(closed) closed") }
        return String("[\(deployment)] \(parts.joined(separator: "; "))".displayableOnOneLine.prefix(200))
    }

    var body: String {
        let parts = messages.map { message in
            message.event == .opened ? opened(message.notice) : closed(message.notice)
        }
        let end =
            isForOperator
            ? "\n-- \nThese affect so many packages that only you were notified: 'ci notify --release CAUSE' notifies everyone."
            : "\n-- \nYou get this because 'notify-mail' in the settings or 'notify' in the matrix of '\(deployment)' has your address."
        return (parts + [end]).joined(separator: "\n\n").displayable
    }

    private func opened(_ notice: Notice) -> String {
        let columns = Set(notice.cells.map(\.fullColumnName)).sorted()
        var lines = [
            "\(notice.packageWords) \(notice.packages.count == 1 ? "fails" : "fail") since run \(notice.run)"
                + (notice.phase.map { " in \($0.rawValue)" } ?? "") + ":",
            "    " + Self.cut(notice.sentence), "on " + Self.cut(columns.joined(separator: ", ")),
        ]
        if notice.blocks > 0 { lines.append("\(count(notice.blocks, "cell")) of other packages are blocked.") }
        if let cell = notice.cells.first { lines.append("reproduce: ci reproduce \(cell)") }
        return (lines + link(to: notice)).joined(separator: "\n")
    }

    private func closed(_ notice: Notice) -> String {
        ([
            "closed: \(notice.packageWords), which failed since run \(notice.run), was good in two runs:",
            "    " + Self.cut(notice.sentence),
        ] + link(to: notice)).joined(separator: "\n")
    }

    private func link(to notice: Notice) -> [String] {
        address.map { [$0 + notice.page] } ?? ["cause \(notice.cause): ci show \(notice.cause)"]
    }

    /// Truncates a line to the length that mail programs accept.
    private static func cut(_ text: String) -> String {
        let line = text.displayableOnOneLine
        return line.count > 300 ? line.prefix(299) + "…" : line
    }

    /// A header's value: unchanged if it is ASCII, otherwise in encoded words of at most 75 characters (RFC 2047).
    private static func encoded(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 > 126 }) else { return text }
        var pieces: [String] = []
        var piece = ""
        for character in text {
            if piece.utf8.count + character.utf8.count > 42 {
                pieces.append(piece)
                piece = ""
            }
            piece.append(character)
        }
        return (pieces + [piece]).map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\n ")
    }
}
