public import PluginMessages

/// A request about a target that agrees with the plugin's description: every option has a valid value.
public struct CheckedRequest: Sendable {
    /// The request as received.
    public let request: TargetRequest
    private let values: [String: String]

    /// Checks `request` and adds the default values of options.
    ///
    /// - Throws: `Refusal` with what was found and what is known.
    public init(_ request: TargetRequest, for description: PluginDescription) throws {
        guard let distribution = description.distributions.first(where: { $0.name == request.distribution }) else {
            throw Refusal(
                "'\(request.distribution)' is not one of its distributions: "
                    + list(description.distributions.map(\.name)))
        }
        try distribution.check(request)
        var values: [String: String] = [:]
        for option in description.options {
            values[option.name] = option.defaultValue
        }
        for (name, value) in request.options.sorted(by: { $0.key < $1.key }) {
            guard let option = description.options.first(where: { $0.name == name }) else {
                throw Refusal(
                    "target '\(request.target)': unknown option '\(name)'",
                    hint: "the options are \(list(description.options.map(\.name)))")
            }
            try option.check(value, target: request.target)
            values[name] = value
        }
        self.request = request
        self.values = values
    }

    /// The distribution's version; empty if it has none.
    public var version: String { request.version ?? "" }

    /// The architecture in the spelling of Linux's `uname -m` and most mirrors: `aarch64` for opam's `arm64`.
    public var machine: String { request.architecture == "arm64" ? "aarch64" : request.architecture }

    /// The value of an option, from the matrix or its default; nil if there is neither.
    public subscript(_ option: String) -> String? { values[option] }

    /// The words of an option of the kind `words`.
    public func words(_ option: String) -> [String] {
        (values[option] ?? "").split(separator: " ").map(String.init)
    }

    /// Whether a boolean option is `true`.
    public func isOn(_ option: String) -> Bool { values[option] == "true" }
}

extension Distribution {
    fileprivate func check(_ request: TargetRequest) throws {
        if versions.isEmpty, let version = request.version {
            throw Refusal("\(name) has no versions, found '\(version)'", hint: "name the target '\(name)'")
        }
        if !versions.isEmpty, !versions.contains(request.version ?? "") {
            throw Refusal(
                "target '\(request.target)': expected a version of \(name), found '\(request.version ?? "none")'",
                hint: "known are \(list(versions.map { "\(name)-\($0)" }))")
        }
        if !architectures.contains(request.architecture) {
            throw Refusal(
                "target '\(request.target)': expected one of the architectures \(list(architectures)), "
                    + "found '\(request.architecture)'")
        }
    }
}

extension PluginOption {
    fileprivate func check(_ value: String, target: String) throws {
        let place = "target '\(target)': option '\(name)'"
        if let choices, !choices.contains(value) {
            throw Refusal("\(place): expected one of \(list(choices)), found '\(value)'")
        }
        if value.unicodeScalars.contains(where: { $0.value < 32 }) {
            throw Refusal("\(place): expected one line of text, found a control character")
        }
        switch kind {
        case .integer where value.isEmpty || !value.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains):
            throw Refusal("\(place): expected decimal digits, found '\(value)'")
        case .boolean where value != "true" && value != "false":
            throw Refusal("\(place): expected true or false, found '\(value)'")
        default: break
        }
    }
}

private func list(_ words: [String]) -> String {
    words.isEmpty ? "none" : words.joined(separator: ", ")
}
