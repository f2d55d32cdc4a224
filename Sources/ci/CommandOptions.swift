internal import ArgumentParser
internal import Foundation

/// The options of a command, as ArgumentParser describes them.
struct CommandOptions {
    struct Option: Hashable {
        /// Without dashes.
        var name: String
        var letters: [String]
        var isFlag: Bool
        var isRepeating: Bool

        var variable: String { Settings.variable(of: name) }

        /// Whether the words of a command line have it.
        func stands(in words: some Sequence<String>) -> Bool {
            words.contains { word in
                word == "--\(name)" || word.hasPrefix("--\(name)=") || letters.contains { word == "-\($0)" }
            }
        }
    }

    /// All but `--help` and `--version`, in the order of the help.
    let options: [Option]

    /// - Complexity: Linear in the options of the command and all below it.
    init(of command: any ParsableCommand.Type) {
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
        options = tool?.command.options ?? []
    }

    /// The names of the options of all commands, sorted.
    static var allNames: [String] {
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(CI._dumpHelp().utf8))
        return Set(tool?.command.allOptions.map(\.name) ?? []).sorted()
    }

    /// The command that words begin with, and how many words name it.
    static func command(of words: [String]) -> (type: any ParsableCommand.Type, depth: Int) {
        var type: any ParsableCommand.Type = CI.self
        for (depth, word) in words.enumerated() {
            guard let inner = type.configuration.subcommands.first(where: { $0.name == word }) else {
                return (type, depth)
            }
            type = inner
        }
        return (type, words.count)
    }

    /// What `--help` says of the other places that options may come from.
    var help: String {
        guard !options.isEmpty else { return "" }
        let width = options.map { $0.name.count + 2 }.max() ?? 0
        let variableWidth = options.map(\.variable.count).max() ?? 0
        let lines = options.map { option in
            "  \("--\(option.name)".padding(to: width))  \(option.variable.padding(to: variableWidth))  \(option.name)"
        }
        return "\nSETTINGS: flags beat the environment, which beats the keys of ./ciso.yaml\n"
            + lines.joined(separator: "\n") + "\n"
    }
}

extension ParsableCommand {
    fileprivate static var name: String { configuration.commandName ?? _commandName }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// What ArgumentParser prints for programs that read its commands.
private struct Tool: Decodable {
    var command: Command

    struct Command: Decodable {
        var arguments: [Argument]?
        var subcommands: [Command]?

        var options: [CommandOptions.Option] {
            (arguments ?? []).compactMap { argument in
                let names = (argument.names ?? []).filter { $0.kind == "long" }.map(\.name)
                guard argument.kind != "positional", let name = names.first, !["help", "version"].contains(name) else {
                    return nil
                }
                return CommandOptions.Option(
                    name: name, letters: (argument.names ?? []).filter { $0.kind == "short" }.map(\.name),
                    isFlag: argument.kind == "flag", isRepeating: argument.isRepeating ?? false)
            }
        }

        var allOptions: [CommandOptions.Option] { options + (subcommands ?? []).flatMap(\.allOptions) }
    }

    struct Argument: Decodable {
        var kind: String
        var isRepeating: Bool?
        var names: [Name]?
    }

    struct Name: Decodable {
        var kind: String
        var name: String
    }
}
