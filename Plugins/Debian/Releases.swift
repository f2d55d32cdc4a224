/// A release of Debian.
struct Release {
    let version: String
    let suite: String
    /// The version of its package `ocaml`.
    let ocaml: String
    /// Depexts of opam-repository that this release does not have, and why.
    let absent: [String: String]
}

let releases = [
    Release(version: "11", suite: "bullseye", ocaml: "4.11.1", absent: [:]),
    Release(version: "12", suite: "bookworm", ocaml: "4.13.1", absent: [:]),
    Release(version: "13", suite: "trixie", ocaml: "5.3.0", absent: [:]),
]
