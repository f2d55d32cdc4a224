public import PluginMessages

/// The option by which a matrix states the version of a distro's OCaml, where it changes independently of the plugin.
///
/// - SeeAlso: `docs/decisions/0074-system-compilers.md`
public enum SystemCompilerOption {
    /// The option as the plugin's description lists it.
    public static let option = PluginOption(
        "system-ocaml", .text,
        summary: "The version of the distro's own OCaml, needed for cells that build with it; the probe compares it.")

    /// The version to describe: nil unless the request wants the distro's compiler.
    ///
    /// - Throws: `Refusal` if the request wants it and the matrix does not say which it is.
    public static func version(_ request: CheckedRequest) throws -> String? {
        guard request.request.systemCompiler else { return nil }
        guard let version = request[option.name] else {
            throw Refusal(
                "target '\(request.request.target)': the version of its own OCaml is not known here",
                hint: "set the option 'system-ocaml' to what `ocamlc -vnum` prints there")
        }
        return version
    }
}
