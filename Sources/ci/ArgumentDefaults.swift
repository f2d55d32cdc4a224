internal import ArgumentParser
internal import Core
internal import System
internal import YAML

/// Adds options from the environment and from `ciso.yaml` to a command line that lacks them.
///
/// The settings in `Settings` are not added: the commands read them, some of them without having the option.
///
/// - SeeAlso: `docs/decisions/0087-every-option-a-setting.md`
struct ArgumentDefaults {
    /// An option that does not come from the command line.
    private struct Argument {
        /// The words that the option would be on a command line.
        var words: [String]
        /// Where the option comes from, for messages: `CISO_FORMAT='xml'`.
        var origin: String
        var location: SourceLocation?
    }

    private let arguments: [Argument]
    private let given: [String]
    private let depth: Int

    /// - Parameter words: the command line.
    /// - Throws: `Failure` if the value of a flag is neither true nor false.
    init(for words: [String], in configuration: @autoclosure () throws -> Configuration) throws {
        given = words
        let asked = ["--help", "-h", "help", "--version"]
        guard !words.contains(where: asked.contains) else {
            (arguments, depth) = ([], 0)
            return
        }
        let configuration = try configuration()
        let isElsewhere =
            configuration.entries.keys.contains { !Settings.keys.contains($0) }
            || configuration.environment.variables.keys.contains { $0.hasPrefix("CISO_") }
        guard isElsewhere else {
            (arguments, depth) = ([], 0)
            return
        }
        let command = CommandOptions.command(of: words)
        depth = command.depth
        let before = words.prefix { $0 != "--" }
        arguments = try CommandOptions(of: command.type).options
            .filter { !Settings.keys.contains($0.name) && !$0.occurs(in: before) }
            .compactMap { try Self.argument($0, configuration) }
    }

    private static func argument(_ option: CommandOptions.Option, _ configuration: Configuration) throws -> Argument? {
        if let text = configuration.environment[option.variable], !text.isEmpty {
            return try argument(option, text, "\(option.variable)='\(text)'", at: nil)
        }
        return try configuration.entries[option.name].flatMap { entry in
            try argument(option, entry.text, "\(option.name): '\(entry.text)'", at: entry.location)
        }
    }

    private static func argument(
        _ option: CommandOptions.Option, _ text: String, _ origin: String, at location: SourceLocation?
    ) throws -> Argument? {
        if option.isFlag {
            switch text.lowercased() {
            case "true", "1": return Argument(words: ["--\(option.name)"], origin: origin, location: location)
            case "false", "0": return nil
            default: throw Failure(.input, "\(origin): expected true or false", at: location)
            }
        }
        let values = option.isRepeating ? text.split(whereSeparator: \.isWhitespace).map(String.init) : [text]
        return Argument(words: values.map { "--\(option.name)=\($0)" }, origin: origin, location: location)
    }

    /// Parses the whole command line.
    ///
    /// - Throws: ArgumentParser's error for a mistake in the command line, `Failure` for one in the environment or in
    ///   `ciso.yaml`.
    func command() throws -> any ParsableCommand {
        do {
            return try CI.parseAsRoot(words(with: arguments))
        } catch {
            guard !arguments.isEmpty, (try? CI.parseAsRoot(given)) != nil else { throw error }
            for argument in arguments {
                do {
                    _ = try CI.parseAsRoot(words(with: [argument]))
                } catch {
                    throw Failure(.input, "\(argument.origin): \(CI.message(for: error))", at: argument.location)
                }
            }
            throw error
        }
    }

    private func words(with arguments: [Argument]) -> [String] {
        given.prefix(depth) + arguments.flatMap(\.words) + given.dropFirst(depth)
    }
}
