use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result};

use crate::block::Block;
use crate::function::Function;
use crate::options::Options;
use crate::site::Site;

/// Expands the attribute. An error is shown beside the item, which is kept as valid as it can be.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let (options, wrong_option) = Options::default().read(args);
    let (expanded, error) = match expand_item(item.clone(), &options) {
        Ok(expansion) => expansion,
        Err(error) => (item, Some(error)),
    };
    let error = wrong_option.or(error).map(Error::into_compile_error);
    quote!(#error #expanded)
}

fn expand_item(item: TokenStream, options: &Options) -> Result<(TokenStream, Option<Error>)> {
    if is_function.parse2(item.clone())? {
        let site = options.site.clone().unwrap_or_else(Site::alone);
        let function: Function = syn::parse2(item)?;
        return Ok(function.expand(options, &site));
    }
    Block::split(item)?.expand(options)
}

fn is_function(input: ParseStream<'_>) -> Result<bool> {
    let is_function = Function::peek(input);
    input.parse::<TokenStream>()?;
    Ok(is_function)
}
