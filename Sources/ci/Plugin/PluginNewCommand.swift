internal import ArgumentParser
internal import Core
internal import Foundation
internal import PluginHost
internal import PluginTools

struct PluginNewCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Create a plugin that builds and conforms, as a starting point.")

    @OptionGroup var trace: LogOption
    @Option(
        help: """
            Where ciso's package is: a folder, or a URL of git (Swift only). (default: the folder in which this program \
            was built)
            """)
    var ciso: String?

    @Option(help: "swift or c.")
    var language: PluginSkeleton.Language = .swift

    @Option(help: "root (root file systems that the worker makes) or ssh (machines reached by ssh).")
    var kind: PluginSkeleton.Kind = .ssh

    @Option(help: "The directory to create (default: NAME in lower case).", completion: .directory)
    var output: String?

    @Argument(help: "The distribution's name: letters and digits.")
    var name: String

    func run() async throws {
        let skeleton = try PluginSkeleton(name: name, language: language, kind: kind, ciso: location())
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

    /// The package that the skeleton refers to: a URL, or an absolute path.
    private func location() throws -> String {
        guard let ciso else {
            guard let folder = runningProgram().flatMap(Self.sources(around:)) else {
                throw Failure(
                    .input, "this program does not lie in the folder in which it was built",
                    hint: "--ciso says where ciso's sources are")
            }
            return folder
        }
        if ciso.contains("://") || ciso.hasPrefix("git@") { return ciso }
        let folder = URL(fileURLWithPath: ciso).standardizedFileURL.path
        guard Self.hasSources(folder) else {
            throw Failure(.input, "--ciso \(ciso): expected the folder of ciso's sources, found no PluginABI.h in it")
        }
        return folder
    }

    /// The nearest folder above `program` with ciso's sources.
    private static func sources(around program: String) -> String? {
        var folder = URL(fileURLWithPath: program)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            if hasSources(folder.path) { return folder.path }
        }
        return nil
    }

    private static func hasSources(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/Sources/PluginABI/include/PluginABI.h")
    }
}

extension PluginSkeleton.Language: ExpressibleByArgument {}
extension PluginSkeleton.Kind: ExpressibleByArgument {}
