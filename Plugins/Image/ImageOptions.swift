internal import PluginKit

/// The properties of an image: from the matrix, or from the image itself.
struct ImageOptions {
    let image: String
    let manager: ImagePackages?
    let installsBase: Bool
    let distribution: String
    let family: String
    let version: String
    let user: String
    let uid: Int
    let gid: Int
    let home: String
    private let searchPath: String
    private let compilerDirectory: String?
    let packages: [String]
    let client: String

    static let all =
        [
            PluginOption(
                "image", .text, default: "docker.io/library/debian:stable",
                summary: "The image. For targets with 'image', ci sets it, with the image's digest."),
            PluginOption(
                "package-manager", .text, default: "none",
                choices: ImagePackages.Family.allCases.map(\.rawValue) + ["none"],
                summary: "The package manager."),
            PluginOption(
                "base", .text, default: "install", choices: ["install", "none"],
                summary:
                    "Whether to install a C compiler, make and the programs that opam calls, if the image lacks them."),
            PluginOption("os-distribution", .text, default: "linux", summary: "ID in /etc/os-release."),
            PluginOption(
                "os-family", .text, default: "linux",
                summary: "The first word of ID_LIKE in /etc/os-release, otherwise ID."),
            PluginOption("os-version", .text, default: "rolling", summary: "VERSION_ID in /etc/os-release."),
            PluginOption(
                "user", .text, default: "opam",
                summary: "The user that builds packages; created if it does not exist."),
            PluginOption("uid", .integer, default: "1000", summary: "The user's numeric id."),
            PluginOption("gid", .integer, default: "1000", summary: "The numeric id of the user's group."),
            PluginOption("home", .text, default: "/home/opam", summary: "The user's home directory."),
            PluginOption(
                "path", .text, default: LinuxRoot.environment["PATH"] ?? "", summary: "The search path of programs."),
            PluginOption(
                "opam-program", .text, default: "opam",
                summary: "The name of the image's opam client, such as opam-2.4."),
            PluginOption(
                "ocaml-directory", .text, summary: "The directory of the image's own ocamlc, if it is not on PATH."),
        ] + RootSystem.options

    init(_ request: CheckedRequest) throws {
        func number(_ option: String) throws -> Int {
            guard let value = request[option].flatMap({ Int($0) }), (1...65535).contains(value) else {
                throw Refusal("option '\(option)': expected a number from 1 to 65535, found '\(request[option] ?? "")'")
            }
            return value
        }
        func directory(_ option: String) throws -> String {
            let value = request[option] ?? ""
            let parts = value.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            guard value.hasPrefix("/"), !parts.contains(where: { ["", ".", ".."].contains($0) }) else {
                throw Refusal("option '\(option)': expected an absolute path, found '\(value)'")
            }
            return value
        }
        func word(_ option: String) throws -> String {
            let value = request[option] ?? ""
            let allowed = value.allSatisfy { "._-+~:".contains($0) || $0.isASCII && ($0.isLetter || $0.isNumber) }
            guard allowed, !value.isEmpty, !value.hasPrefix("-") else {
                throw Refusal("option '\(option)': expected a word of letters, digits and '._-+~:', found '\(value)'")
            }
            return value
        }
        image = request["image"] ?? ""
        manager = request["package-manager"].flatMap { ImagePackages.Family(rawValue: $0) }.map { ImagePackages($0) }
        installsBase = request["base"] == "install"
        (distribution, family) = (try word("os-distribution"), try word("os-family"))
        (version, user) = (try word("os-version"), try word("user"))
        (uid, gid) = (try number("uid"), try number("gid"))
        home = try directory("home")
        searchPath = request["path"] ?? ""
        compilerDirectory = try request["ocaml-directory"].map { _ in try directory("ocaml-directory") }
        client = try word("opam-program")
        packages = request.words(RootSystem.packagesOption.name)
    }

    /// The search path of programs.
    ///
    /// - Parameter hasCompiler: whether builds use the image's own compiler.
    func path(withCompiler hasCompiler: Bool) -> String {
        guard hasCompiler, let compilerDirectory,
            !searchPath.split(separator: ":").contains(Substring(compilerDirectory))
        else { return searchPath }
        return "\(compilerDirectory):\(searchPath)"
    }
}
