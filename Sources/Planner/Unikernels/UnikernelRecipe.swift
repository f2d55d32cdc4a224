internal import Archive
internal import Core
internal import Matrix
internal import Model
internal import OpamFormat

/// Writes the opam files that configure, build and run a unikernel.
///
/// Fields that begin with `x-ciso-` are for the worker: the file to report, and the image to check.
struct UnikernelRecipe {
    private let unikernel: UnikernelPackage
    private var name: String { unikernel.entry.name.value }
    private var backend: UnikernelEntry.Backend { unikernel.variant.backend }

    init(_ unikernel: UnikernelPackage) {
        self.unikernel = unikernel
    }

    /// - Throws: `Failure` if the file is not a valid opam file.
    static func opamFile(_ files: PackageFiles, of package: PackageVersion) throws -> OpamFile {
        do {
            return try OpamFile(parsing: files.opam, file: "\(package)/opam")
        } catch {
            throw Failure(.input, "the opam file of \(package) cannot be read: \(error)")
        }
    }

    // MARK: Configuring

    /// The recipe that runs `mirage configure` on the unikernel's own files, and installs them with the generated
    /// files.
    var configure: PackageFiles {
        let words = ["mirage", "configure", "-t", backend.rawValue] + unikernel.variant.arguments
        let directory = unikernel.entry.configureName
        var files = unikernel.configureFiles.files
        files["ciso-install.sh"] = UnikernelScripts.installConfiguration
        return PackageFiles(
            opam: text([
                "synopsis: \(Printer.quoted("Configuration of the unikernel \(name) for \(backend.rawValue)"))",
                "depends: [\"mirage\"]", "build: [\(command(words))]",
                "install: [\(command(["sh", "-eu", "ciso-install.sh"], "%{share}%/\(directory)"))]",
                "x-ciso-generated: \(Printer.quoted("share/\(directory)/opam"))",
            ]), files: files)
    }

    /// The recipe while the sources of the unikernel are still unknown: it depends on its configuration.
    var placeholder: PackageFiles { PackageFiles(opam: text(["depends: [\(configureDependency)]"])) }

    /// Both have the same version, which no other opam file can name.
    private var configureDependency: String { "\(Printer.quoted(unikernel.entry.configureName)) {= version}" }

    // MARK: Building

    /// The recipe that builds the unikernel from its source, what was generated, and the locked sources.
    ///
    /// - Parameter generated: The opam file of `mirage configure`.
    /// - Throws: `LockObstacle` if a part of that file cannot be converted.
    func build(generated: OpamFile, lock: UnikernelLock) throws(LockObstacle) -> PackageFiles {
        let needed = lock.tools.map { "\(Printer.quoted($0.name)) {= \(Printer.quoted($0.version))}" }
        let depends = generated.depends.description
        var lines = [
            "synopsis: \(Printer.quoted("Unikernel \(name) for \(backend.rawValue)"))",
            "depends: [",
        ]
        lines += ([configureDependency] + needed).map { "  \($0)" }
        lines += depends.isEmpty ? [] : ["  (\(depends))"]
        lines += [
            "]", "build: [",
            "  \(command(["sh", "-eu", "ciso-pull.sh"], "%{share}%/\(unikernel.entry.configureName)/files"))",
            "  \(command(["dune", "build", "--profile", "release", "--root", ".", "./dist"]))", "]",
            "install: [\(command(["sh", "-eu", "ciso-install.sh", backend.rawValue, name], "%{share}%/\(name)"))]",
        ]
        if !lock.systemPackages.isEmpty {
            lines.append("depexts: [[\(lock.systemPackages.map { Printer.quoted($0) }.joined(separator: " "))]]")
        }
        lines += [
            "x-ciso-image: [\(Printer.quoted("share/\(name)/\(image)")) \(Printer.quoted(backend.rawValue))]",
            "x-ciso-lock: [",
        ]
        lines += lock.sources.map { source in
            let words = [source.directory, source.url] + source.packages.map(\.description)
            return "  [\(words.map { Printer.quoted($0) }.joined(separator: " "))]"
        }
        lines.append("]")
        for source in lock.sources {
            let sums = source.checksums.map { Printer.quoted($0) }.joined(separator: " ")
            let checksum = sums.isEmpty ? "" : "  checksum: [\(sums)]\n"
            lines.append(
                "extra-source \(Printer.quoted(source.file)) {\n  src: \(Printer.quoted(source.url))\n\(checksum)}")
        }
        let list = lock.sources.map { "\($0.directory) \($0.file)\n" }.joined()
        let files: [FilePath: [UInt8]] = [
            "ciso-pull.sh": UnikernelScripts.pull,
            "ciso-install.sh": UnikernelScripts.installImage,
            "ciso-sources": Array(list.utf8),
        ]
        do {
            let opam = try OpamFile(parsing: text(lines), file: "\(unikernel.package).opam")
            return PackageFiles(opam: opam.replacing(source: unikernel.source), files: files)
        } catch {
            throw LockObstacle(reason: "its opam file cannot be taken over: \(error)")
        }
    }

    /// The name of the installed image.
    private var image: String { backend == .unix ? name : "\(name).\(backend.rawValue)" }

    // MARK: Running

    /// The recipe that runs the image and checks the result; nil if the matrix does not request a run.
    var run: PackageFiles? {
        guard let run = unikernel.entry.runs[backend] else { return nil }
        let memory = (run.memory ?? 64 << 20) >> 20
        let status = run.status ?? (backend == .virtio ? 83 : 0)
        let words = ["sh", "-u", "ciso-run.sh", backend.rawValue, String(max(memory, 1)), String(status)]
        var lines = [
            "synopsis: \(Printer.quoted("Run of the unikernel \(name) on \(backend.rawValue)"))",
            "x-ciso-run: \(Printer.quoted(backend.rawValue))",
            "run-test: [\(command(words, "%{share}%/\(name)/\(image)", run.arguments))]",
        ]
        if backend == .virtio {
            lines.append(
                """
                depexts: [
                  ["qemu-system-x86"] {os-family = "debian"}
                  ["qemu-system-x86_64"] {os-distribution = "alpine"}
                  ["qemu-system-x86"] {os-distribution = "arch"}
                  ["qemu-system-x86-core"] {os-family = "fedora"}
                  ["qemu"] {os = "freebsd" | os = "openbsd" | os = "netbsd"}
                ]
                """)
        }
        if backend == .hvt { lines.append("x-ciso-device: \"/dev/kvm\"") }
        var files: [FilePath: [UInt8]] = ["ciso-run.sh": UnikernelScripts.run]
        if let expect = run.expect { files["ciso-expect"] = Array("\(expect)\n".utf8) }
        return PackageFiles(opam: text(lines), files: files)
    }

    // MARK: Text

    private func text(_ lines: [String]) -> [UInt8] {
        Array((["opam-version: \"2.0\""] + lines).joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
    }

    /// A command in which only `interpolated` may refer to opam variables.
    private func command(_ words: [String], _ interpolated: String? = nil, _ rest: [String] = []) -> String {
        let all = words.map(literal) + (interpolated.map { [Printer.quoted($0)] } ?? []) + rest.map(literal)
        return "[\(all.joined(separator: " "))]"
    }

    /// A word that opam does not interpret: `%` is written as `%%`.
    private func literal(_ text: String) -> String { Printer.quoted(Interpolation.escaped(text)) }
}
