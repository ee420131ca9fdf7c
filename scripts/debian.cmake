# Run by cpack between staging and packing: what Debian wants and a plain installation does not.
# Compressed manual pages, a copyright and a changelog in each package, zsh's completions in their place.
function(compressed file)
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, where that is set
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX})
  set(doc ${usr}/share/doc/${package})
  file(READ ${CPACK_FITVRAM_LICENSE} license)
  file(WRITE ${doc}/copyright "${license}")
  file(WRITE ${doc}/changelog.Debian
    "${package} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * Packed by cpack.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${now}\n")
  compressed(${doc}/changelog.Debian)
  file(GLOB pages ${usr}/share/man/man*/*.[1-8])
  foreach(page IN LISTS pages)
    compressed(${page})
  endforeach()
  if(EXISTS ${usr}/share/zsh/site-functions)
    file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)
  endif()
endforeach()
