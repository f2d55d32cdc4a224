/// The scripts that commands of unikernels' packages run, from `Sources/Planner/Scripts`.
enum UnikernelScripts {
    static let installConfiguration = PackageResources.install_configuration_sh
    static let pull = PackageResources.pull_sh
    static let installImage = PackageResources.install_image_sh
    static let run = PackageResources.run_sh
}
