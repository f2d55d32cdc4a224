package import Model

/// A cause that people are told of, as the store keeps it: what it hit when it was found, and whom it was sent to.
package struct Notice: Codable, Hashable, Sendable {
    /// How far a message is.
    package enum Delivery: String, Codable, Sendable {
        /// It is being sent, or the process died then: it may have arrived, and is never sent again.
        case sending
        case sent
        /// It was refused, and is sent again the next time.
        case failed
    }

    /// The id of the cause.
    package var cause: String
    /// The run that found it.
    package var run: Int
    /// The error line.
    package var sentence: String
    /// The normalised error line; nil for a failure without one.
    package var signature: String?
    package var phase: Phase?
    /// The packages that fail themselves, of which the signature is new.
    package var packages: [PackageVersion]
    /// Their cells that were good before.
    package var cells: [Cell]
    /// Cells that wait for packages of the cause.
    package var blocks: Int
    /// Packages that the cause spoils, with those that wait.
    package var spoilt: Int
    /// Whether it spoils so much that the operator decides whether others learn of it.
    package var isHeld: Bool
    /// The run after which it counts as mended; nil while it is open.
    package var closed: Int?
    /// By the key of the way: the message that it was found.
    package var deliveries: [String: Delivery]
    /// The message that it is closed.
    package var closings: [String: Delivery]

    /// The message of an event by its way; nil where there was none yet.
    func delivery(_ event: NoticeEvent, by way: String) -> Delivery? {
        event == .opened ? deliveries[way] : closings[way]
    }

    mutating func setDelivery(_ delivery: Delivery?, _ event: NoticeEvent, by way: String) {
        if event == .opened { deliveries[way] = delivery } else { closings[way] = delivery }
    }

    /// The packages on one line, the first of them by name.
    var packageWords: String {
        let names = packages.prefix(4).map(\.description).joined(separator: ", ")
        return packages.count > 4 ? "\(names) and \(packages.count - 4) more" : names
    }
}

/// What a message says of a cause.
package enum NoticeEvent: String, Codable, Sendable {
    case opened, closed
}

/// When somebody got the last digest.
struct DigestTime: Codable, Hashable, Sendable {
    var way: String
    /// Seconds since 1970.
    var time: Int
}

/// The state of a commit that a forge was told last.
struct SentStatus: Codable, Hashable, Sendable {
    var way: String
    var commit: String
    var state: String
    var description: String
    var delivery: Notice.Delivery
}
