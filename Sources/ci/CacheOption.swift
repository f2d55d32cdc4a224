internal import ArgumentParser
internal import Core
internal import Foundation
internal import System

/// Where what can be computed again is kept. Every command that keeps something there has this option.
struct CacheOption: ParsableArguments {
    @Option(name: .customLong("cache"), help: Settings.cache.help, completion: .directory)
    var flag: String?

    /// The folder of the cache of a command that has a store: in the store, where there is no home to keep it in.
    ///
    /// - Parameter isRead: Whether nothing will be written there.
    /// - Throws: `Failure` where a folder was asked for that cannot be written.
    func directory(in configuration: Configuration, store: String, isRead: Bool = false) throws -> String {
        try directory(in: configuration, isRead: isRead) ?? "\(store)/ciso/cache"
    }

    /// The folder of the cache; nil where none was asked for, and there is no home that can be written.
    func directory(in configuration: Configuration, isRead: Bool = false) throws -> String? {
        try Self.directory(in: configuration, flag: flag, isRead: isRead)
    }

    /// The folder of the cache as the environment and `ciso.yaml` have it, for commands that only keep indexes there.
    static func directory(in configuration: Configuration) throws -> String? {
        try directory(in: configuration, flag: nil, isRead: true)
    }

    private static func directory(
        in configuration: Configuration, flag: String?, isRead: Bool
    ) throws -> String? {
        if let path = try Settings.cache.value(flag: flag, in: configuration) {
            let hint = "set --cache or \(Settings.cache.variable) to another directory"
            if !isRead { try WritableDirectory.check(path, "the cache", hint: hint) }
            return path
        }
        // An empty or relative value counts as unset: XDG Base Directory Specification.
        if let parent = configuration.environment["XDG_CACHE_HOME"], parent.hasPrefix("/") {
            let path = "\(parent)/ciso"
            let hint = "XDG_CACHE_HOME names it; --cache names another one"
            if !isRead { try WritableDirectory.check(path, "the cache", hint: hint) }
            return path
        }
        guard let home = configuration.environment["HOME"], home.hasPrefix("/"), isDirectory(home) else {
            return nil
        }
        let path = "\(home)/.cache/ciso"
        return (try? WritableDirectory.check(path, "the cache", hint: "")) == nil ? nil : path
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
