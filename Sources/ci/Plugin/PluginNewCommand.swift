internal import ArgumentParser
internal import Core
internal import Foundation
internal import PluginHost

struct PluginNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a new plugin that builds and conforms, for its author to go on from.")

    @Option(help: "Where ciso's package is: a folder, or a URL of git (Swift only).")
    var ciso: String

    @Option(help: "swift or c.")
    var language: PluginSkeleton.Language = .swift

    @Option(help: "The folder to make (default: NAME in lower case).", completion: .directory)
    var output: String?

    @Argument(help: "The distro's name as it writes itself: letters and digits.")
    var name: String

    func run() async throws {
        let isURL = ciso.contains("://") || ciso.hasPrefix("git@")
        let location = isURL ? ciso : URL(fileURLWithPath: ciso).standardizedFileURL.path
        guard isURL || FileManager.default.fileExists(atPath: "\(location)/Sources/PluginABI/include/PluginABI.h")
        else {
            throw Failure(.input, "--ciso \(ciso): expected the folder of ciso's sources, found no PluginABI.h in it")
        }
        let skeleton = try PluginSkeleton(name: name, language: language, ciso: location)
        let directory = output ?? skeleton.pluginName
        try skeleton.write(to: directory)
        print(
            """
            \(directory): a plugin named '\(skeleton.pluginName)'
            next:
              cd \(directory) && \(skeleton.build.command)
              ci plugin check \(skeleton.build.file)
            """)
    }
}

extension PluginSkeleton.Language: ExpressibleByArgument {}
