internal import Core
internal import Foundation

/// The layers and the configuration of an image for one architecture, in the format of OCI or of Docker, schema 2.
struct ImageManifest: Decodable, Sendable {
    var config: ImageDescriptor
    /// The layers, lowest first.
    var layers: [ImageDescriptor]

    static let types = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]
    /// The maximum size of a manifest, an index or a configuration in bytes.
    static let sizeLimit = 4 << 20
    static let layerLimit = 500
    /// The maximum compressed size of all layers in bytes.
    static let bytesLimit = 64 << 30
}

/// An index of images for several architectures.
struct ImageIndex: Codable, Sendable {
    var manifests: [ImageDescriptor]
    /// The maximum nesting depth of indexes.
    static let depthLimit = 4
    /// The maximum number of entries without a platform that are read.
    static let unknownLimit = 16

    static let types = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ]

    /// The image for Linux and an architecture.
    ///
    /// - Parameter architecture: the architecture in opam's spelling.
    func manifest(for architecture: String) -> ImageDescriptor? {
        let name = Self.name(of: architecture)
        return manifests.first { $0.platform.map { $0.os == "linux" && $0.architecture == name } ?? false }
    }

    /// The available architectures, in opam's spelling if it has one.
    var architectures: [String] {
        manifests.compactMap(\.platform).filter { $0.os == "linux" }.map { Self.opamName(of: $0.architecture) }
    }

    private static let names = ["x86_64": "amd64", "x86_32": "386", "arm32": "arm", "ppc64": "ppc64le"]

    /// The name in images of an architecture of opam.
    static func name(of architecture: String) -> String { names[architecture] ?? architecture }

    /// The name in opam of an architecture of images.
    static func opamName(of architecture: String) -> String {
        names.first { $0.value == architecture }?.key ?? architecture
    }
}

/// The configuration of processes in an image.
package struct ImageConfiguration: Decodable, Sendable {
    struct Process: Decodable, Sendable {
        var env: [String]?
        var user: String?

        enum CodingKeys: String, CodingKey {
            case env = "Env"
            case user = "User"
        }
    }

    struct RootFileSystem: Decodable, Sendable {
        var layers: [String]?

        enum CodingKeys: String, CodingKey {
            case layers = "diff_ids"
        }
    }

    var architecture: String?
    var os: String?
    var config: Process?
    var rootfs: RootFileSystem?

    /// The environment variables of the image, except those of an opam switch or a user, which jobs set themselves.
    package var variables: [String: String] {
        let pairs = (config?.env ?? []).prefix(1000).compactMap { entry -> (String, String)? in
            guard let equals = entry.unicodeScalars.firstIndex(of: "="), !entry.utf8.contains(0),
                entry.utf8.count < 1 << 17
            else {
                return nil
            }
            let name = String(entry[..<equals])
            guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil, !Self.own.contains(name) else { return nil }
            return (name, String(entry.unicodeScalars[equals...].dropFirst()))
        }
        return Dictionary(pairs) { $1 }
    }

    private static let own: Set<String> = [
        "HOME", "USER", "LOGNAME", "PWD", "HOSTNAME", "OPAMROOT", "OPAMSWITCH", "OPAM_SWITCH_PREFIX",
        "CAML_LD_LIBRARY_PATH", "OCAML_TOPLEVEL_PATH", "OCAMLPATH",
    ]

    /// The user of processes: a name or a number, optionally with a group; empty for root.
    package var user: String { config?.user ?? "" }

    /// The ids of the user and its group, if `user` gives the user's number and it is not root's.
    package var userIDs: (uid: Int, gid: Int)? {
        let numbers = user.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard let uid = numbers.first, (1...65535).contains(uid), numbers.count <= 2 else { return nil }
        let gid = numbers.count == 2 && (1...65535).contains(numbers[1]) ? numbers[1] : uid
        return (uid, gid)
    }
}
