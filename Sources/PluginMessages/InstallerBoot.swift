/// One run of the machine, from its start until it powers off or restarts.
public struct InstallerBoot: Codable, Hashable, Sendable {
    /// For messages: `install`, `prepare`.
    public var name: String
    /// Whether the installer is there. The machine then starts from it, else from its disk.
    public var installer: Bool
    /// Whether the machine reaches the network. Its ``MachineImageRecipe/files`` it reaches in any case.
    public var network: Bool
    /// What is expected from the console and sent to it, in order.
    public var dialogue: [DialogueStep]
    /// Texts on the console that mean that the installation has failed, at any time.
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

/// A text to wait for, or several of which one comes.
public struct DialogueStep: Codable, Hashable, Sendable {
    /// The texts and what answers each. The one that is complete first on the console counts; of several at once, the
    /// first listed.
    public var replies: [DialogueReply]
    /// Seconds until one of the texts must be there.
    public var timeLimit: Int

    public init(_ replies: [DialogueReply], timeLimit: Int = 300) {
        self.replies = replies
        self.timeLimit = timeLimit
    }

    /// A step with one text.
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

/// What is sent to the console when a text appears on it.
public struct DialogueReply: Codable, Hashable, Sendable {
    /// As it appears on the console, of printable characters of ASCII: escape sequences of terminals are not part of
    /// it.
    public var text: String
    /// Sent once the console is quiet; a line feed is the Enter key. Empty: nothing is sent.
    public var send: String
    /// Whether the step goes on afterwards, for a question that may be asked or not. At most 100 times.
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
