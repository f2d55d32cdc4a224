internal import ArgumentParser
internal import Core
internal import Records
internal import Store

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Create, list and remove tokens that authorize changes through the web interface.",
        subcommands: [TokenNewCommand.self, TokenListCommand.self, TokenRemoveCommand.self])
}

/// A permission of a token as an argument.
extension AccessToken.Permission: ExpressibleByArgument {}

struct TokenNewCommand: ParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Create a token and print its secret, which is not stored.",
        discussion: """
            The store keeps only the digest of the secret, in a file that is in no branch and no clone. Clients send the \
            secret as 'Authorization: Bearer SECRET'.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "A permitted action: retry or cancel; may be repeated (default: both).")
    var allow: [AccessToken.Permission] = []

    @Argument(help: "The name in the list of tokens and in the access log.")
    var name: String

    func run() throws {
        let permissions = allow.isEmpty ? AccessToken.Permission.allCases : allow
        let secret = try AccessTokens(in: store.open()).make(
            name, permissions: AccessToken.Permission.allCases.filter(permissions.contains))
        StandardOutput.print(secret)
    }
}

struct TokenListCommand: ParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens with their permissions and creation times.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    func run() throws {
        for token in try AccessTokens(in: store.open()).all() {
            let permissions = token.permissions.map(\.rawValue).joined(separator: ",")
            StandardOutput.print("\(token.name)\t\(permissions)\t\(UTCTime.iso(token.created))")
        }
    }
}

struct TokenRemoveCommand: ParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a token; its secret becomes invalid.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "The token's name.")
    var name: String

    func run() throws { try AccessTokens(in: store.open()).remove(name) }
}
