internal import ArgumentParser
internal import Core

@main
struct CI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ci",
        abstract: "A CI runner for matrices of opam packages, compilers and operating systems.",
        subcommands: [])
}
