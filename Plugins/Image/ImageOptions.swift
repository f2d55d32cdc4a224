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
                summary: "The image. Where the target has 'image', it is set to the digest."),
            PluginOption(
                "package-manager", .text, default: "none",
                choices: ImagePackages.Family.allCases.map(\.rawValue) + ["none"],
                summary: "What installs system packages."),
            PluginOption(
                "base", .text, default: "install", choices: ["install", "none"],
                summary: "Whether a compiler for C, make and what opam calls are installed where the image lacks them."),
            PluginOption("os-distribution", .text, default: "linux", summary: "ID of /etc/os-release."),
            PluginOption(
                "os-family", .text, default: "linux", summary: "The first word of ID_LIKE of /etc/os-release, else ID."),
            PluginOption("os-version", .text, default: "rolling", summary: "VERSION_ID of /etc/os-release."),
            PluginOption(
                "user", .text, default: "opam",
                summary: "The user that packages are built as; made where there is none."),
            PluginOption("uid", .integer, default: "1000", summary: "The number of the user."),
            PluginOption("gid", .integer, default: "1000", summary: "The number of the user's group."),
            PluginOption("home", .text, default: "/home/opam", summary: "The directory of the user."),
            PluginOption(
                "path", .text, default: LinuxRoot.environment["PATH"] ?? "", summary: "Where programs are looked up."),
            PluginOption(
                "opam-program", .text, default: "opam",
                summary: "The program of the image that is the opam client, such as opam-2.4."),
            PluginOption(
                "ocaml-directory", .text, summary: "The directory of the image's own ocamlc, where PATH lacks it."),
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

    /// The directories in which programs are looked up.
    ///
    /// - Parameter hasCompiler: whether builds use the image's own compiler.
    func path(withCompiler hasCompiler: Bool) -> String {
        guard hasCompiler, let compilerDirectory,
            !searchPath.split(separator: ":").contains(Substring(compilerDirectory))
        else { return searchPath }
        return "\(compilerDirectory):\(searchPath)"
    }
}
