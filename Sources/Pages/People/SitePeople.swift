internal import Core
internal import Model

/// The maintainers and tags of the packages of a site, from the plan's metadata.
struct SitePeople: Sendable {
    /// A maintainer of packages of the site.
    struct Maintainer: Sendable {
        /// The name of the page's file without its extension.
        let file: String
        /// The name and address as written in the opam file of the first package.
        let name: String
        /// The names of the packages, sorted.
        var packages: [String]
        /// The versions of these packages whose opam files name the maintainer.
        var versions: Set<PackageVersion>
    }

    /// The maintainers, sorted by name.
    private(set) var maintainers: [Maintainer] = []
    /// The indexes of maintainers by the names of their files.
    private var indexes: [String: Int] = [:]
    /// The indexes of maintainers by package name.
    private(set) var maintainersOfPackages: [String: [Int]] = [:]
    /// The metadata from opam files by package name.
    private(set) var metadata: [String: PackageMetadata] = [:]

    /// - Parameters:
    ///   - metadata: The metadata of the plan, in the order of packages.
    ///   - isShown: Whether the site has a package with a name.
    init(_ metadata: [PackageMetadata], isShown: (String) -> Bool) {
        var names: [String: String] = [:]
        var packages: [String: [String]] = [:]
        var versions: [String: Set<PackageVersion>] = [:]
        for package in metadata where isShown(package.package.name) {
            let name = package.package.name
            self.metadata[name] = package
            for maintainer in package.maintainers ?? [] {
                let key = Self.key(of: maintainer)
                if names[key] == nil { names[key] = maintainer }
                if packages[key]?.last != name { packages[key, default: []].append(name) }
                versions[key, default: []].insert(package.package)
            }
        }
        let keys = names.sorted { ($0.value.lowercased(), $0.key) < ($1.value.lowercased(), $1.key) }
        for (key, name) in keys {
            for package in packages[key] ?? [] { maintainersOfPackages[package, default: []].append(maintainers.count) }
            let maintainer = Maintainer(
                file: Self.file(of: key), name: name, packages: packages[key] ?? [], versions: versions[key] ?? [])
            if indexes[maintainer.file] == nil { indexes[maintainer.file] = maintainers.count }
            maintainers.append(maintainer)
        }
    }

    /// The maintainer with a page's file name; nil if there is none.
    func maintainer(_ file: String) -> Maintainer? { indexes[file].map { maintainers[$0] } }

    /// The key that identifies a person across different spellings in opam files: the address, otherwise or if that is
    /// blank the whole text.
    static func key(of maintainer: String) -> String {
        let whole = maintainer.lowercased()
        guard let open = whole.firstIndex(of: "<"), let close = whole.lastIndex(of: ">"), open < close,
            case let address = whole[whole.index(after: open)..<close], !address.allSatisfy(\.isWhitespace)
        else {
            return whole.split(separator: " ").joined(separator: " ")
        }
        return String(address)
    }

    /// A file name for a key. Long keys and keys with unusual characters are replaced by a digest.
    private static func file(of key: String) -> String {
        let isPlain = { (scalar: Unicode.Scalar) in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || "@._+-".unicodeScalars.contains(scalar)
        }
        let plain = String(String.UnicodeScalarView(key.unicodeScalars.filter(isPlain).prefix(60)))
        if plain == key, !key.hasPrefix("."), !key.isEmpty { return key }
        return "\(plain.drop { $0 == "." })-\(Digest(of: key).hex.prefix(8))"
    }
}
