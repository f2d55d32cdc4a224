internal import ArgumentParser
internal import Core
internal import Foundation
internal import System

/// The directory of the cache. Every command that uses the cache has this option.
///
/// - SeeAlso: `docs/decisions/0133-cache-without-home.md`
struct CacheOption: ParsableArguments {
    @Option(Settings.cache, completion: .directory)
    var flag: String?

    /// The directory of the cache for a command with a store. It is inside the store if the user has no writable home
    /// directory.
    ///
    /// - Parameter isRead: Whether the command only reads the cache.
    /// - Throws: `Failure` if a configured directory cannot be written.
    func directory(in configuration: Configuration, store: String, isRead: Bool = false) throws -> String {
        try directory(in: configuration, isRead: isRead) ?? "\(store)/ciso/cache"
    }

    /// The directory of the cache; nil if none is configured and the user has no writable home directory.
    func directory(in configuration: Configuration, isRead: Bool = false) throws -> String? {
        try Self.directory(in: configuration, flag: flag, isRead: isRead)
    }

    /// The directory of the cache from the environment or `ciso.yaml`, for commands that only cache indexes.
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
            let hint = "XDG_CACHE_HOME sets it; --cache overrides it"
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
