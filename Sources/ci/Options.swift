internal import ArgumentParser
internal import Core
internal import Documents

/// How data is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, csv
}

/// Prints a value as canonical JSON.
func printJSON(_ value: some Encodable) throws {
    print(String(decoding: try CanonicalJSON.encode(value), as: UTF8.self), terminator: "")
}

/// Where the store is.
struct StoreOption: ParsableArguments {
    @Option(name: .customLong("store"), help: Settings.store.help)
    var flag: String?

    /// The store's directory.
    func path(in configuration: Configuration) throws -> String {
        try Settings.store.value(flag: flag, in: configuration) ?? ".ciso"
    }
}

/// How much is said on standard error.
struct TalkOptions: ParsableArguments {
    @Flag(name: [.long, .customShort("q")], help: "Say nothing on standard error but errors.")
    var quiet = false

    @Flag(name: [.long, .customShort("v")], help: "Say more on standard error.")
    var verbose = false
}

/// Reads a selector from the command line.
func selector(from text: String) throws -> Selector {
    guard let selector = Selector(text) else {
        throw ValidationError(
            "'\(text)' is no selector: expected TARGET/COMPILER/PACKAGE with globs, outcome:WORD, signature:TEXT or task:ID"
        )
    }
    return selector
}
