/// One run of the machine, from its start until it powers off or restarts.
public struct InstallerBoot: Codable, Hashable, Sendable {
    /// The name for messages: `install`, `prepare`.
    public var name: String
    /// Whether the installer is attached. If so, the machine boots from it, otherwise from its disk.
    public var installer: Bool
    /// Whether the machine has access to the network, without which it cannot read ``MachineImageRecipe/files`` either.
    public var network: Bool
    /// The steps of the dialogue with the console, in order.
    public var dialogue: [DialogueStep]
    /// Texts that mean that the installation has failed, whenever they appear on the console.
    public var failures: [String]
    /// Seconds from the end of the dialogue until the machine has powered off or restarted.
    public var timeLimit: Int

    public init(
        _ name: String, installer: Bool = false, network: Bool = false, dialogue: [DialogueStep],
        failures: [String] = [], timeLimit: Int = 600
    ) {
        self.name = name
        self.installer = installer
        self.network = network
        self.dialogue = dialogue
        self.failures = failures
        self.timeLimit = timeLimit
    }
}

extension InstallerBoot {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        installer = try values.decodeIfPresent(Bool.self, forKey: .installer) ?? false
        network = try values.decodeIfPresent(Bool.self, forKey: .network) ?? false
        dialogue = try values.decode([DialogueStep].self, forKey: .dialogue)
        failures = try values.decodeIfPresent([String].self, forKey: .failures) ?? []
        timeLimit = try values.decodeIfPresent(Int.self, forKey: .timeLimit) ?? 600
    }
}

/// Waits for one of several texts on the console, and replies to it.
public struct DialogueStep: Codable, Hashable, Sendable {
    /// The texts with their replies. The text that is complete first on the console is replied to; if several are
    /// complete at the same byte, the first in the list.
    public var replies: [DialogueReply]
    /// Seconds within which one of the texts must appear.
    public var timeLimit: Int

    public init(_ replies: [DialogueReply], timeLimit: Int = 300) {
        self.replies = replies
        self.timeLimit = timeLimit
    }

    /// Creates a step that waits for one text.
    public init(_ text: String, send: String = "", timeLimit: Int = 300) {
        self.init([DialogueReply(text, send: send)], timeLimit: timeLimit)
    }
}

extension DialogueStep {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        replies = try values.decode([DialogueReply].self, forKey: .replies)
        timeLimit = try values.decodeIfPresent(Int.self, forKey: .timeLimit) ?? 300
    }
}

/// The reply to a text on the console.
public struct DialogueReply: Codable, Hashable, Sendable {
    /// The text to wait for, in printable ASCII characters. Terminal escape sequences in the output are ignored.
    public var text: String
    /// The text to send once the console is quiet; a line feed is the Enter key. If empty, nothing is sent.
    public var send: String
    /// Whether the step continues to wait after this reply, at most 100 times: for questions that may or may not be
    /// asked.
    public var repeats: Bool

    public init(_ text: String, send: String = "", repeats: Bool = false) {
        self.text = text
        self.send = send
        self.repeats = repeats
    }
}

extension DialogueReply {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        text = try values.decode(String.self, forKey: .text)
        send = try values.decodeIfPresent(String.self, forKey: .send) ?? ""
        repeats = try values.decodeIfPresent(Bool.self, forKey: .repeats) ?? false
    }
}
