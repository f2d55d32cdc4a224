import Foundation
import Glibc
import TestSupport
import Testing

/// `ci plan` and `ci run` of targets whose environment is an image, made on the spot.
@Suite(
    .enabled(
        if: getuid() == 0 && SmallImage.isPossible && Program.areInstalled("bwrap"),
        "needs root, bwrap, busybox, python3 and zstd"))
struct ImageRunTests {
    private let fixture: CommandFixture
    private let layout: ImageLayout
    private var directory: TemporaryDirectory { fixture.directory }

    init() throws {
        fixture = try CommandFixture()
        layout = ImageLayout(fixture.directory("images"))
        try fixture.write(packages: [
            "ocaml-base-compiler.5.3.0": "flags: compiler",
            "ocaml-system.4.14.1": #"available: sys-ocaml-version = "4.14.1" flags: compiler"#,
            "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#, "ocaml.4.14.1": #"depends: "ocaml-system""#,
            "p.1": """
            depends: "ocaml"
            depexts: ["foo-devel"] {os-family = "suse"}
            build: ["sh" "-ec" "test -e /usr/include/foo.h; test \\"$GREETING\\" = hello; test \\"$(id -u)\\" = 1234"]
            install: ["sh" "-ec" "mkdir -p \\"$1\\"; echo made >\\"$1/where\\"" "sh" "%{share}%/p"]
            """,
            "q.1": """
            depends: ["ocaml" "p"]
            build: ["sh" "-ec" "cat %{p:share}%/where"]
            """,
            "native.1": """
            depends: "ocaml"
            build: ["sh" "-ec" "test \\"$(ocamlc -vnum)\\" = 4.14.1"]
            """,
        ])
    }

    /// An image with openSUSE's `os-release`: a program named zypper, a user, a variable.
    private func leap(version: String = "15.6", more: [ImageLayout.Member] = []) throws -> ImageLayout.Image {
        let zypper = """
            #!/bin/sh
            echo "zypper $*" >>/var/log/zypper
            case "$*" in
                *foo-devel*) mkdir -p /usr/include; echo >/usr/include/foo.h ;;
            esac
            """
        return ImageLayout.Image(
            [
                try SmallImage.base(in: directory),
                ImageLayout.Layer([
                    SmallImage.release("opensuse-leap", like: "suse opensuse", version: version),
                    .file("etc/passwd", "root:x:0:0::/root:/bin/sh\nbuilder:x:1234:100::/home/builder:/bin/sh\n"),
                    .directory("var/log"), .file("usr/bin/zypper", zypper, mode: 0o755),
                ]), ImageLayout.Layer(more, compression: more.isEmpty ? "gzip" : "zstd"),
            ], environment: ["GREETING=hello", "PATH=/usr/bin:/bin"], user: "builder")
    }

    private func writeMatrix(
        image: String, options: String = "{}", compiler: String = "5.3.0", packages: String = "p"
    ) throws {
        try fixture.write(
            "m.yaml",
            """
            deployment: d
            repositories: [{path: repo}]
            targets:
              - name: leap
                image: \(image)
                \(options == "{}" ? "" : "options: \(options)")
            compilers: [\(compiler)]
            packages: [\(packages)]
            """)
    }

    private func ci(_ words: String..., more: [String: String] = [:]) throws -> Program.Ending {
        try fixture.run(
            words + ["--store", "store"],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": directory.path].merging(more) { $1 })
    }

    private struct Planned: Decodable {
        struct Cell: Decodable {
            var basis: [String: [String: String?]]
        }
        var cells: [Cell]
    }

    private func jobs(more: [String: String] = [:]) throws -> [String] {
        let ending = try ci("plan", "m.yaml", "--format", "json", more: more)
        #expect(ending.status == 0, "\(ending.messages)")
        return try JSONDecoder().decode(Planned.self, from: Data(ending.output.utf8)).cells.compactMap {
            $0.basis["jobs"]?["build"] ?? nil
        }
    }

    @Test func anImageWithoutAShellIsRefusedWhilePlanning() throws {
        try layout.add(
            [ImageLayout.Image([ImageLayout.Layer([SmallImage.release("debian", version: "12"), .file("app")])])],
            tag: "app")
        try writeMatrix(image: "oci:images:app")
        let plan = try ci("plan", "m.yaml")
        #expect(plan.status == 2, "\(plan.messages)")
        #expect(
            plan.messages.contains("m.yaml:5:12: error: image 'oci:") && plan.messages.contains("no '/bin/sh'"),
            "\(plan.messages)")
    }

    @Test func aPackageIsBuiltInALayoutOnDisk() throws {
        let digest = try layout.add([try leap()], tag: "leap")
        try writeMatrix(image: "oci:images:leap")
        let plan = try ci("plan", "m.yaml")
        #expect(plan.status == 0, "\(plan.messages)")
        #expect(plan.output.contains("leap: oci:images@sha256:\(digest)"), "\(plan.output)")
        let before = try jobs()
        let run = try ci("run", "m.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        #expect(try jobs() == before, "the plan is a function of the image's digest")
        try layout.add([try leap(version: "15.7")], tag: "leap")
        #expect(try jobs() != before, "the same tag with another digest is another job")
        #expect(try ci("store", "verify").status == 0)
    }

    /// From a registry, under its own address and under that of a mirror: the same image has the same jobs.
    @Test(
        .enabled(if: RegistryServer.isInstalled && Program.areInstalled("skopeo"), "needs docker-registry and skopeo"))
    func aPackageIsBuiltInAnImageOfARegistry() async throws {
        let server = try await RegistryServer()
        let digest = try layout.add([try leap(), try leapForArm()], tag: "leap")
        try layout.push("leap", to: server, as: "opensuse/leap:15.6")
        try writeMatrix(image: "oci:images:leap")
        let expected = try jobs()
        let mirrors = ["CISO_IMAGE_MIRRORS": "docker.io=\(server.url)"]
        let host = server.url.dropFirst("http://".count)
        for reference in [
            "\(host)/opensuse/leap:15.6", "docker.io/opensuse/leap@sha256:\(digest)", "opensuse/leap:15.6",
        ] {
            try writeMatrix(image: "\"\(reference)\"")
            #expect(try jobs(more: mirrors) == expected, "\(reference)")
        }
        let run = try ci("run", "m.yaml", more: mirrors)
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        let doctor = try ci("doctor", more: mirrors)
        #expect(
            doctor.output.contains("image-mirrors: images of docker.io can be read from \(server.url)"),
            "\(doctor.output)")
        #expect(doctor.output.contains("images: images can be unpacked"), "\(doctor.output)")

        try writeMatrix(image: "\"\(host)/opensuse/leap:1\"")
        let absent = try ci("plan", "m.yaml")
        #expect(absent.status == 2 && absent.messages.contains("m.yaml:5:12: error: "), "\(absent.messages)")
        #expect(absent.messages.contains("no image with the tag '1'") && absent.messages.contains("hint:"), "\(absent)")
        server.kill()
        let down = try ci("plan", "m.yaml")
        #expect(down.status == 3 && down.messages.contains("m.yaml:5:12: error: "), "\(down.messages)")
        #expect(down.messages.contains("cannot be reached"), "\(down.messages)")
    }

    private func leapForArm() throws -> ImageLayout.Image {
        var image = try leap()
        image.architecture = "arm64" == image.architecture ? "amd64" : "arm64"
        return image
    }

    /// The image's own OCaml is the system compiler, even if it is in a user's opam switch.
    @Test(arguments: ["usr", "home/builder/.opam/4.14"]) func anImagesOwnCompilerIsUsed(prefix: String) throws {
        let image = try leap(more: [
            .file("\(prefix)/bin/ocamlc", "#!/bin/sh\necho 4.14.1\n", mode: 0o755),
            .file("\(prefix)/lib/ocaml/VERSION", "4.14.1\n"),
        ])
        try layout.add([image], tag: "leap")
        try writeMatrix(image: "oci:images", compiler: #"{system: "4.14.1"}"#, packages: "native")
        let run = try ci("run", "m.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        try writeMatrix(image: "oci:images", compiler: #"{system: "4.14.2"}"#, packages: "native")
        let wrong = try ci("plan", "m.yaml")
        #expect(wrong.status == 2 && wrong.messages.contains("ships OCaml 4.14.1, not 4.14.2"), "\(wrong.messages)")
    }

    /// If the matrix gives the properties of an image, planning pulls no layers, and the first job compares them.
    @Test func propertiesInTheMatrixAreComparedWithTheImage() throws {
        let digest = try layout.add([try leap()], tag: "leap")
        for layer in try layout.layers(of: digest) {
            try FileManager.default.moveItem(atPath: layout.blob(layer), toPath: directory(layer))
        }
        let options = "package-manager: zypper, os-distribution: opensuse-leap, os-family: suse, uid: 1234, gid: 100"
        try writeMatrix(image: "oci:images", options: "{\(options), os-version: \"15.5\"}")
        #expect(try ci("plan", "m.yaml").status == 0)
        for layer in try layout.layers(of: digest) {
            try FileManager.default.moveItem(atPath: directory(layer), toPath: layout.blob(layer))
        }
        let wrong = try ci("run", "m.yaml")
        #expect(wrong.status == 3, "\(wrong.output)\(wrong.messages)")
        let shown = try ci("log", "leap/5.3.0/ocaml-base-compiler.5.3.0").output + wrong.output + wrong.messages
        #expect(
            shown.contains("variable 'os-version': the plugin says '15.5', the environment says '15.6'"), "\(shown)")
        #expect(shown.contains("set the option 'os-version: \"15.6\"' of the target in the matrix"), "\(shown)")
        try writeMatrix(image: "oci:images", options: "{\(options), os-version: \"15.6\"}")
        let right = try ci("run", "m.yaml")
        #expect(right.status == 0, "\(right.output)\(right.messages)")
    }

    /// A hostile or damaged image is not a verdict on a package.
    @Test func anImageThatCannotBeUnpackedIsAnInfrastructureFailure() throws {
        try layout.add([try leap(more: [.file("../escape", "evil")])], tag: "leap")
        let options = "package-manager: zypper, os-distribution: x, os-family: x, os-version: \"1\""
        try writeMatrix(image: "oci:images", options: "{\(options)}")
        let run = try ci("run", "m.yaml")
        #expect(run.status == 3 && run.output.contains("infrastructure"), "\(run.output)\(run.messages)")
        #expect((run.output + run.messages).contains("'..' in the path"), "\(run.output)\(run.messages)")
        #expect(try directory.shell("find . -name escape") == "")
        try writeMatrix(image: "oci:images")
        #expect(try ci("plan", "m.yaml").status != 1)
    }

    /// An image whose layers contain other files than those in its configuration is not used.
    @Test func aLayerThatTheConfigurationDoesNotListIsAnInfrastructureFailure() throws {
        var image = try leap()
        let listed = String(repeating: "0", count: 64)
        image.contents = image.layers.map { _ in "sha256:\(listed)" }
        let digest = try layout.add([image], tag: "leap")
        try writeMatrix(image: "oci:images:leap")
        let run = try ci("run", "m.yaml")
        #expect(run.status == 3 && run.output.contains("infrastructure"), "\(run.output)\(run.messages)")
        let layer = try layout.layers(of: digest)[0]
        for text in ["layer sha256:\(layer)", "the image's configuration lists sha256:\(listed)"] {
            #expect((run.output + run.messages).contains(text), "\(run.output)\(run.messages)")
        }
    }

    /// A plugin's target whose environment is an image that the plugin names, by a tag.
    @Test func aPluginNamesAnImage() throws {
        try layout.add([try leap()], tag: "leap")
        try directory.shell("mkdir plugins")
        _ = try ExamplePlugin.build(
            in: directory("plugins"),
            changing: [
                (
                    #"\"environment\":{\"kind\":\"host\","#,
                    #"\"environment\":{\"kind\":\"image\",\"image\":\"oci:images:leap\","#
                ),
                (
                    #"\"phase\":\"build\",\"script\":\"echo 'this example builds nothing' >&2\\nexit 1\\n"#,
                    #"\"phase\":\"build\",\"script\":\"test \\\"$GREETING\\\" = hello\\n"#
                ),
            ])
        try fixture.write(
            "plugin.yaml",
            """
            deployment: plugin
            repositories: [{path: repo}]
            targets: [minimal-1]
            compilers: [5.3.0]
            packages: [ocaml]
            """)
        let run = try ci("run", "plugin.yaml", more: ["CISO_PLUGIN_PATH": directory("plugins")])
        #expect(run.status == 0, "\(run.output)\(run.messages)")
    }

    /// A file of docker's that cannot be used stops only the plans that ask a registry.
    @Test func credentialsAreReadOnlyForRegistries() throws {
        try layout.add([try leap()], tag: "leap")
        try fixture.write(".docker/config.json", "[")
        try writeMatrix(image: "oci:images:leap")
        let local = try ci("plan", "m.yaml")
        #expect(local.status == 0, "\(local.messages)")
        try writeMatrix(image: "\"127.0.0.1:1/leap:1\"")
        let remote = try ci("plan", "m.yaml")
        #expect(remote.status == 2 && remote.messages.contains("expected JSON with 'auths'"), "\(remote.messages)")
    }

    /// The output of `ci reproduce` builds the same result, step by step, as docker would.
    @Test(.enabled(if: Program.areInstalled("umoci", "chroot"), "needs umoci"))
    func theDockerfileBuildsTheJob() throws {
        try layout.add([try leap()], tag: "leap")
        try writeMatrix(image: "oci:images:leap", packages: "q")
        let run = try ci("run", "m.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        let written = try ci("reproduce", "leap/5.3.0/q.1", "--dockerfile", "context")
        #expect(written.status == 0, "\(written.messages)")
        #expect(try ci("reproduce", "leap/5.3.0/q.1", "--dockerfile", "context").status == 2, "it exists already")
        let dockerfile = try #require(directory.read("context/Dockerfile"))
        #expect(
            dockerfile.contains("\nFROM image\n") && dockerfile.contains("oci-layout://images@sha256:"), "\(dockerfile)"
        )
        try directory.shell("umoci unpack --image images:leap bundle >/dev/null")
        let output = try Program(["python3", "-c", Self.docker], in: directory.path).output()
        #expect(output.contains("made"), "\(dockerfile)\n\(output)")
    }

    /// Carries out the instructions of a Dockerfile in `context` below `bundle/rootfs`.
    private static let docker = #"""
        import os, re, shutil, subprocess
        root, variables, user, directory = 'bundle/rootfs', {}, '0:0', '/'
        for line in open('context/Dockerfile'):
            word, _, rest = line.strip().partition(' ')
            if word == 'ENV':
                name, _, value = rest.partition('=')
                value = re.sub(r'(?<!\\)\$(\w+)', lambda found: variables.get(found[1], ''), value[1:-1])
                variables[name] = re.sub(r'\\(.)', r'\1', value)
            elif word == 'USER': user = '0:0' if rest == 'root' else rest
            elif word == 'WORKDIR': directory = rest
            elif word == 'COPY':
                source, target = rest.split(' ')
                os.makedirs(os.path.dirname(root + target), exist_ok=True)
                subprocess.run(['cp', 'context/' + source, root + target], check=True)
            elif word == 'ADD': subprocess.run(['tar', '-x', '-C', root, '-f', 'context/' + rest.split(' ')[0]], check=True)
            elif word == 'RUN':
                script = 'cd "$0" && exec ' + rest
                subprocess.run([shutil.which('chroot'), '--userspec=' + user, root, '/bin/sh', '-c', script, directory],
                               env=variables, check=True)
        """#
}
