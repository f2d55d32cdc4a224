internal import ArgumentParser
internal import PluginTools

struct PluginNewCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Create a plugin that builds and conforms, as a starting point.")

    @OptionGroup var trace: LogOption
    @Option(
        help: """
            The location of ciso's Swift package: a directory or a git URL; for Swift plugins only (default: the directory in \
            which this program was built).
            """)
    var ciso: String?

    @Option(help: "swift or c.")
    var language: PluginSkeleton.Language = .swift

    @Option(help: "root (root file systems created by the worker) or ssh (machines reached by ssh).")
    var kind: PluginSkeleton.Kind = .ssh

    @Option(help: "The directory to create (default: NAME in lower case).", completion: .directory)
    var output: String?

    @Argument(help: "The distribution's name: letters and digits.")
    var name: String

    func run() async throws {
        let skeleton = try PluginSkeleton(
            name: name, language: language, kind: kind, ciso: PluginSkeleton.location(of: ciso))
        let directory = output ?? skeleton.pluginName
        try skeleton.write(to: directory)
        StandardOutput.print(
            """
            \(directory): a plugin named '\(skeleton.pluginName)'
            next:
              cd \(directory) && \(skeleton.build.command)
              ci plugin check \(skeleton.build.file)
            """)
    }
}

extension PluginSkeleton.Language: ExpressibleByArgument {}
extension PluginSkeleton.Kind: ExpressibleByArgument {}
