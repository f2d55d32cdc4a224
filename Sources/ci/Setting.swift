internal import ArgumentParser
internal import Core
internal import Etcd
internal import Hub
internal import Logging
internal import Registry
internal import SSH
internal import System
internal import YAML

/// A setting from a flag, an environment variable or `ciso.yaml`, in this order of precedence.
///
/// - SeeAlso: `docs/decisions/0004-settings-table.md`
struct Setting<Value: Sendable>: Sendable {
    /// The key in `ciso.yaml`. The environment variable has the same name in upper case, with the prefix `CISO_`.
    let key: String
    let text: String
    /// The default as shown by `--help`.
    let defaultText: String
    /// The expected form of a value, for messages.
    let expected: String
    let read: @Sendable (String) -> Value?

    var variable: String { Settings.variable(of: key) }

    /// The help of the flag.
    var help: ArgumentHelp {
        ArgumentHelp("\(text) (default: \(defaultText))")
    }

    /// The value from the flag, the environment or the file; nil if none of them sets it.
    ///
    /// - Throws: `Failure` if the value in the environment or the file is invalid.
    func value(flag: Value?, in configuration: Configuration) throws -> Value? {
        if let flag { return flag }
        if let text = configuration.environment[variable], !text.isEmpty {
            guard let value = read(text) else {
                throw Failure(.input, "\(variable)='\(text)': expected \(expected)")
            }
            return value
        }
        if let entry = configuration.entries[key] {
            guard let value = read(entry.text) else {
                throw Failure(.input, "\(key): '\(entry.text)': expected \(expected)", at: entry.location)
            }
            return value
        }
        return nil
    }
}

/// The settings that several commands share.
enum Settings {
    static let store = Setting<String>(
        key: "store", text: "The store's directory.", defaultText: "./.ciso", expected: "a path", read: { $0 })
    static let jobs = Setting<Int>(
        key: "jobs", text: "Jobs that run at once; 0 where `ci run` leaves them all to workers.",
        defaultText: "one for each processor",
        expected: "a number from 0 to 1024", read: { Int($0).flatMap { (0...1024).contains($0) ? $0 : nil } })
    static let labels = Setting<WorkerLabels>(
        key: "labels", text: "What targets of a matrix may require of the worker, words separated by spaces.",
        defaultText: "nothing", expected: "words of letters, digits and -_.+", read: { WorkerLabels($0) })
    static let pluginPath = Setting<String>(
        key: "plugin-path", text: "Directories of plugins, separated by colons, searched first.",
        defaultText: "the plugins shipped with ci", expected: "paths separated by colons", read: { $0 })
    static let sourceCache = Setting<String>(
        key: "source-cache", text: "A cache of source archives in opam's layout.",
        defaultText: "sources in the cache", expected: "a path", read: { $0 })
    static let sourceMirrors = Setting<String>(
        key: "source-mirrors", text: "Mirrors of source archives in opam's layout, separated by spaces.",
        defaultText: "none", expected: "URLs separated by spaces", read: { $0 })

    static let hosts = Setting<[HostSettings.Rule]>(
        key: "hosts", text: "Hosts of targets: TARGET=ssh://[USER@]HOST[:PORT][,ssh://…], TARGET with globs.",
        defaultText: "those of the matrix", expected: "words such as openbsd-*=ssh://ciso@host",
        read: { try? HostSettings.rules(from: $0) })
    static let knownHosts = Setting<String>(
        key: "known-hosts", text: "The known_hosts file; hosts that are not in it are refused.",
        defaultText: "the ssh client's own", expected: "a path", read: { $0 })
    static let sshConfig = Setting<String>(
        key: "ssh-config", text: "The configuration of the ssh client.", defaultText: "the user's own",
        expected: "a path", read: { $0 })

    static let sshTimeout = Setting<Int>(
        key: "ssh-timeout", text: "Seconds without a response after which a connection counts as lost.",
        defaultText: "20", expected: "a number from 4 to 600",
        read: { Int($0).flatMap { (4...600).contains($0) ? $0 : nil } })
    static let hostWait = Setting<Int>(
        key: "host-wait", text: "Seconds that a job waits while no host of its target responds.",
        defaultText: "60", expected: "a number from 0 to 86400",
        read: { Int($0).flatMap { (0...86_400).contains($0) ? $0 : nil } })

    static let repositoryMirrors = Setting<RepositoryMirrors>(
        key: "repository-mirrors", text: "Local mirrors of package repositories: URL=PLACE, separated by spaces.",
        defaultText: "none", expected: "URL=PLACE, separated by spaces", read: { RepositoryMirrors($0) })

    static let cache = Setting<String>(
        key: "cache", text: "The directory of the cache, whose contents can be recreated.",
        defaultText: "$XDG_CACHE_HOME/ciso or ~/.cache/ciso, else in the store", expected: "a path", read: { $0 })

    /// The levels of the trace log, for messages.
    static let levels = "one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
    static let logLevel = Setting<Logger.Level>(
        key: "log-level", text: "Write a trace for maintainers to standard error: \(levels).", defaultText: "no trace",
        expected: levels, read: { Logger.Level(rawValue: $0) })
    static let cacheLimit = Setting<ByteSize>(
        key: "cache-limit",
        text: "The size limit of the cache; the least recently used entries are evicted.",
        defaultText: "\(ByteSize.defaultCacheLimit)", expected: "a number of bytes, with K, M, G or T",
        read: { ByteSize($0) })

    static let coordination = Setting<EtcdAddresses>(
        key: "coordination",
        text: "The members of an etcd cluster through which processes on several machines coordinate.",
        defaultText: "files of the store, for one machine",
        expected: "addresses of hosts, without a user, such as https://etcd1:2379,https://etcd2:2379",
        read: { EtcdAddresses($0) })
    static let coordinationPrefix = Setting<String>(
        key: "coordination-prefix", text: "The prefix of the store's keys in etcd, unique to each store.",
        defaultText: "ciso", expected: "text", read: { $0.isEmpty ? nil : $0 })
    static let coordinationUser = Setting<String>(
        key: "coordination-user", text: "The user for authentication at etcd.", defaultText: "none",
        expected: "a name", read: { $0 })
    static let coordinationPasswordFile = Setting<String>(
        key: "coordination-password-file", text: "The file with that user's password.", defaultText: "none",
        expected: "a path", read: { $0 })
    static let blobs = Setting<RegistryAddress>(
        key: "blobs",
        text: "A repository of an OCI registry through which machines share layers, logs and root file systems.",
        defaultText: "none",
        expected: "an address such as https://registry:5000/ciso, its path in lower case and of at most 255 bytes",
        read: { RegistryAddress($0) })
    static let blobMirrors = Setting<RegistryMirrors>(
        key: "blob-mirrors", text: "Repositories with copies of the blobs, read first; separated by spaces.",
        defaultText: "none", expected: "addresses such as https://registry:5000/ciso, separated by spaces",
        read: { RegistryMirrors($0) })
    static let registryCredentials = Setting<String>(
        key: "registry-credentials", text: "The file with credentials for registries, in the format of docker.",
        defaultText: "docker's own", expected: "a path", read: { $0 })
    static let imageMirrors = Setting<ImageMirrors>(
        key: "image-mirrors",
        text: "Registries that images are pulled from instead: HOST=ADDRESS, separated by spaces.",
        defaultText: "none", expected: "words such as docker.io=https://mirror.example",
        read: { ImageMirrors($0) })
    static let hub = Setting<String>(
        key: "hub", text: "The git remote to which results are pushed: ssh://…, https://… or a path.",
        defaultText: "none", expected: "an address that git push accepts", read: { $0.isEmpty ? nil : $0 })
    static let hubDurability = Setting<Hub.Durability>(
        key: "hub-durability",
        text: "When a worker's report is deleted: after its result was 'pushed' to the hub, or recorded locally.",
        defaultText: "local", expected: "'pushed' or 'local'", read: { Hub.Durability(rawValue: $0) })
    static let tlsAuthorities = Setting<String>(
        key: "tls-authorities", text: "The file with the certificates of trusted authorities for services.",
        defaultText: "the system's", expected: "a path", read: { $0 })
    static let tlsCertificate = Setting<String>(
        key: "tls-certificate", text: "The file with the client certificate for services.", defaultText: "none",
        expected: "a path", read: { $0 })
    static let tlsKey = Setting<String>(
        key: "tls-key", text: "The file with the key of that certificate.", defaultText: "none",
        expected: "a path", read: { $0 })

    /// The environment variable of a key.
    static func variable(of key: String) -> String {
        "CISO_" + key.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// The keys of these settings. The names of all options are keys as well.
    static let keys = [
        store.key, jobs.key, pluginPath.key, sourceCache.key, sourceMirrors.key, cache.key, cacheLimit.key,
        repositoryMirrors.key, logLevel.key, hosts.key, knownHosts.key, sshConfig.key, sshTimeout.key, hostWait.key,
        coordination.key, coordinationPrefix.key, coordinationUser.key, coordinationPasswordFile.key,
        blobs.key, blobMirrors.key, registryCredentials.key, hub.key, hubDurability.key, tlsAuthorities.key,
        tlsCertificate.key, tlsKey.key,
    ]
}
