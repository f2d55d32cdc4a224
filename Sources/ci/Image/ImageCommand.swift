internal import ArgumentParser

struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Make images of virtual machines.",
        subcommands: [ImageMakeCommand.self])
}
