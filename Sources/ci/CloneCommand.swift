internal import ArgumentParser
internal import Core
internal import Foundation
internal import Hub
internal import Store
internal import System

struct CloneCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone",
        abstract: "Create a store from a hub.",
        discussion: """
            URL is the git remote in the setting 'hub' of another store. DIR becomes a store with the same branches, with \
            which another dispatcher can continue; logs and layers come from the registry of 'blobs'.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var messages: OutputOptions

    @OptionGroup var services: ServiceOptions

    @Argument(help: "The hub: ssh://…, https://… or a path.")
    var url: String

    @Argument(help: "The new store's directory (default: the setting 'store', or .ciso).")
    var directory: String?

    func run() async throws {
        let configuration = try Configuration.current()
        let path = try Settings.store.value(flag: directory, in: configuration) ?? ".ciso"
        if FileManager.default.fileExists(atPath: path),
            try !FileManager.default.contentsOfDirectory(atPath: path).isEmpty
        {
            throw Failure(
                .input, "'\(path)' is not empty",
                hint: "name a new directory; `ci run` with 'hub' brings a store up to date")
        }
        let hub = try Hub(url, configuration, services)
        let parent = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
        let aside = try Files.scratchDirectory(in: parent, named: ".ciso-clone-")
        let branches = try await BlockingWork.run {
            let store = try Store(at: "\(aside.path)/store")
            _ = try HubUpdate(hub, store).run()
            return try store.branches().count
        }
        guard branches > 0 else {
            throw Failure(
                .input, "'\(url)' has no branches", hint: "a store with 'hub: \(url)' pushes to it when it runs")
        }
        _ = rmdir(path)
        try FileSystem<SystemError>.rename("\(aside.path)/store", path)
        if !messages.quiet {
            StandardError.print(
                "'\(path)' has \(count(branches, "branch", plural: "branches")); 'hub: \(url)' in ciso.yaml makes it push there as well"
            )
        }
    }
}
