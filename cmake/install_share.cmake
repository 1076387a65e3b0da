# What is installed besides the program and the library: the Python package, documents, job scripts, example configurations.
set(HOURGLASS_PYTHON_DIR lib/python3/dist-packages CACHE STRING "Folder of the Python package, below the installation prefix")
install(DIRECTORY python/hourglass DESTINATION ${HOURGLASS_PYTHON_DIR}
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
# Documents keep their places next to each other, so that their links hold.
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.png")
set(share ${CMAKE_INSTALL_DATADIR}/hourglass)
install(FILES python/example.py DESTINATION ${share})
install(DIRECTORY python/examples DESTINATION ${share} FILES_MATCHING PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY data/experiments DESTINATION ${share} FILES_MATCHING PATTERN "*.cfg")
install(DIRECTORY slurm DESTINATION ${share} USE_SOURCE_PERMISSIONS
  FILES_MATCHING PATTERN "*.sbatch" PATTERN "*.sh" PATTERN "README.md")
