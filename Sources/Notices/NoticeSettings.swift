package import Model

/// Whom notices are sent to, and how. Nobody gets any unless it is set here.
package struct NoticeSettings: Sendable {
    /// Somebody who gets a digest by mail of notices that concern cells.
    package struct Recipient: Sendable, Hashable {
        /// The address of mail.
        package var address: String
        /// The cells of interest.
        package var selector: Selector

        /// Reads `ADDRESS=SELECTOR`; nil where the text is none.
        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "=") else { return nil }
            guard let address = MailAddress(String(text[..<equals])),
                let selector = Selector(String(text[text.index(after: equals)...]))
            else { return nil }
            (self.address, self.selector) = (address.text, selector)
        }
    }

    /// A repository on a forge whose commits get a status.
    package struct StatusTarget: Sendable, Hashable {
        /// What kind of forge it is.
        package enum Kind: String, Sendable, CaseIterable {
            case github, gitlab, forgejo
        }

        package var kind: Kind
        /// The repository in the forge's interface: `https://api.github.com/repos/OWNER/NAME`.
        package var url: String

        /// Reads `KIND=URL`; nil where the text is none.
        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "="), let kind = Kind(rawValue: String(text[..<equals])) else {
                return nil
            }
            let url = text[text.index(after: equals)...]
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return nil }
            self.kind = kind
            self.url = String(url.hasSuffix("/") ? url.dropLast() : url)
        }
    }

    package var recipients: [Recipient]
    /// Who gets what spoils very much, and decides whether others do; nil: nobody does.
    package var operatorAddress: String?
    /// Who mail is from.
    package var sender: String?
    /// The program that takes mail as sendmail does.
    package var sendmail: String
    /// Hours between two digests for one person.
    package var period: Int
    package var webhooks: [String]
    /// Signs webhooks.
    package var webhookSecret: [UInt8]
    package var statuses: [StatusTarget]
    /// Authorizes at the forges.
    package var statusToken: String?
    /// The address of the pages, for links.
    package var address: String?

    package init(
        recipients: [Recipient], operatorAddress: String?, sender: String?, sendmail: String, period: Int,
        webhooks: [String], webhookSecret: [UInt8], statuses: [StatusTarget], statusToken: String?, address: String?
    ) {
        (self.recipients, self.operatorAddress, self.sender) = (recipients, operatorAddress, sender)
        (self.sendmail, self.period) = (sendmail, period)
        (self.webhooks, self.webhookSecret) = (webhooks, webhookSecret)
        (self.statuses, self.statusToken) = (statuses, statusToken)
        self.address = address.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    }
}

/// An address of mail without anything that could end a header or be taken for an option.
package struct MailAddress: Sendable, Hashable {
    package let text: String

    /// Nil where `text` is no `NAME@HOST` of plain letters.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = { (part: Substring) in
            !part.isEmpty
                && part.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                            || "._+-".unicodeScalars.contains($0))
                }
        }
        guard parts.count == 2, parts.allSatisfy(isPlain), !text.hasPrefix("-"), text.utf8.count <= 254 else {
            return nil
        }
        self.text = text
    }
}
