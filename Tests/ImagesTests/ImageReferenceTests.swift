import Core
import Testing

struct ImageReferenceTests {
    private let digest = String(repeating: "ab", count: 32)

    @Test func referencesAreReadAsDockerReadsThem() {
        let expected = [
            "alpine": "docker.io/library/alpine", "ocaml/opam:debian-12": "docker.io/ocaml/opam:debian-12",
            "docker.io/opensuse/leap:15.6": "docker.io/opensuse/leap:15.6",
            "localhost/x": "localhost/x", "127.0.0.1:5000/team/x:1": "127.0.0.1:5000/team/x:1",
            "docker://quay.io/fedora/fedora@sha256:\(digest)": "quay.io/fedora/fedora@sha256:\(digest)",
            "ghcr.io/a/b:1.0@sha256:\(digest)": "ghcr.io/a/b:1.0@sha256:\(digest)",
            "oci:images/leap": "oci:images/leap", "oci:/srv/a:b/c:1.0": "oci:/srv/a:b/c:1.0",
        ]
        for (text, canonical) in expected {
            #expect(ImageReference(text)?.description == canonical, "\(text)")
            #expect(ImageReference(canonical)?.description == canonical, "\(canonical)")
        }
    }

    @Test func invalidReferencesAreRejected() {
        let wrong = [
            "", "/", ":1", "a b", "UPPER/case", "docker.io/", "docker.io/x:", "x@sha256:12", "x@md5:1", "oci:", "x:a b",
            "x/../y", "host.example:port/x", "x//y", "https://host.example/x", "-x", "oci::tag",
            "docker-archive:saved.tar", "dir:images", "containers-storage:x",
        ]
        for text in wrong { #expect(ImageReference(text) == nil, "\(text)") }
    }
}
