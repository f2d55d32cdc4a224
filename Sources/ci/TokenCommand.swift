internal import ArgumentParser
internal import Core
internal import Foundation
internal import Records
internal import Store

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and remove tokens that allow changes by the web interface.",
        subcommands: [TokenNewCommand.self, TokenListCommand.self, TokenRemoveCommand.self])
}

/// What a token allows, as an argument.
extension AccessToken.Permission: ExpressibleByArgument {}

struct TokenNewCommand: ParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a token and print its secret, which is not kept.",
        discussion: """
            The store keeps only the digest of the secret, in a file that is in no branch and no clone. Clients send the \
            secret as 'Authorization: Bearer SECRET'.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "What it allows: retry, cancel; may be repeated (default: both).")
    var allow: [AccessToken.Permission] = []

    @Argument(help: "Names it, in the list of tokens and in the access log.")
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
        commandName: "list", abstract: "List the names of the tokens, what they allow and since when.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    func run() throws {
        for token in try AccessTokens(in: store.open()).all() {
            let date = Date(timeIntervalSince1970: Double(token.created)).formatted(.iso8601)
            let permissions = token.permissions.map(\.rawValue).joined(separator: ",")
            StandardOutput.print("\(token.name)\t\(permissions)\t\(date)")
        }
    }
}

struct TokenRemoveCommand: ParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a token; its secret is of no use from then on.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "The token's name.")
    var name: String

    func run() throws { try AccessTokens(in: store.open()).remove(name) }
}
