public import PluginMessages

/// The option by which a matrix states the version of a distribution's opam, if it changes independently of the plugin.
public enum OpamClientOption {
    /// The option in the plugin's description.
    public static let option = PluginOption(
        "opam-client", .text,
        summary:
            "The version of the distribution's opam, needed for cells that it builds; it is checked before the first.")

    /// The version in the description; nil unless the client is requested.
    ///
    /// - Throws: `Refusal` if it is requested and the matrix does not state its version.
    public static func version(_ request: CheckedRequest) throws -> String? {
        guard request.request.opamClient == true else { return nil }
        guard let version = request[option.name] else {
            throw Refusal(
                "target '\(request.request.target)': the version of its own opam is not known here",
                hint: "set the option 'opam-client' to what `opam --version` prints there")
        }
        return version
    }

    /// The inputs of an environment with the client, in addition to its scripts.
    public static func inputs(_ version: String?) -> [String: String] {
        version.map { ["opam": $0] } ?? [:]
    }
}
